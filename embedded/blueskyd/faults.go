package blueskyd

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"cashtag/embedded/fault"
)

// Kind is how the stand-in fails.
type Kind string

// The kinds of failure that Struck counts.
const (
	Refused      Kind = "refused"       // a connect, by Refuse
	NoV2         Kind = "no v2"         // a connect by v2, of an instance that knows v1 alone
	TooOld       Kind = "too old"       // a connect whose cursor was dropped
	Future       Kind = "future"        // a connect whose cursor was never given
	NoDictionary Kind = "no dictionary" // a question for the dictionary
	Broken       Kind = "broken"        // a connection, by Cut
	Slow         Kind = "slow"          // a connection, as too slow
	Silent       Kind = "silent"        // a connection that ended while nothing was sent
	Repeated     Kind = "repeated"      // a connection that began before its cursor
	Fragmented   Kind = "fragmented"    // a frame, by Split
	Garbled      Kind = "garbled"       // a frame that stands as it was given, by Raw
)

// faults are the failures that are scripted.
type faults struct {
	v1Only       atomic.Bool
	noDictionary atomic.Bool
	split        atomic.Int64
	struck       fault.Counts[Kind]

	mu      sync.Mutex
	refuse  int // how many connects
	status  int
	after   time.Duration // of Retry-After
	rewinds int64
}

// Struck is how often a failure of a kind struck.
func (s *Server) Struck(kind Kind) int { return s.faults.struck.Struck(kind) }

// Refuse answers the next n connects with an HTTP status, such as 503, and with
// Retry-After where that is not 0. With n of 0 all is well again.
func (s *Server) Refuse(n, status int, retryAfter time.Duration) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.refuse, s.faults.status, s.faults.after = n, status, retryAfter
}

// Split sends frames in fragments of n bytes, or whole again with n of 0.
func (s *Server) Split(n int) { s.faults.split.Store(int64(n)) }

// Renew makes the archive a new one: all that is held is dropped, sequence numbers
// begin anew, and connections break.
func (s *Server) Renew() {
	s.ring.renew()
	s.Cut()
}

// OnlyV1 makes the instance one that does not know v2, or one that does again.
func (s *Server) OnlyV1(only bool) { s.faults.v1Only.Store(only) }

// NoDictionary makes v2's dictionary unavailable, or available again.
func (s *Server) NoDictionary(gone bool) { s.faults.noDictionary.Store(gone) }

// Cut breaks all connections without a word.
func (s *Server) Cut() {
	s.subs.each(func(sub *subscription) {
		s.faults.struck.Strike(Broken)
		sub.end()
	})
}

// TooSlow drops all subscribers that wait for the next frame as too slow.
func (s *Server) TooSlow() {
	s.subs.each(func(sub *subscription) {
		select {
		case <-sub.slow:
		default:
			close(sub.slow)
		}
	})
}

// Silence stops sending, or goes on. Connections stay open.
func (s *Server) Silence(silent bool) { s.ring.mute(silent) }

// Forget drops all frames that are held, so that every cursor is too old.
func (s *Server) Forget() { s.ring.forget() }

// Repeat makes the next connection begin n frames before its cursor.
func (s *Server) Repeat(n int) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.rewinds = int64(n)
}

// Raw plays a frame as it stands, to every subscriber: one that is no JSON, for
// example.
func (s *Server) Raw(frame []byte) { s.ring.add(entry{raw: frame}, 0) }

// Subscribers is how many connections are open.
func (s *Server) Subscribers() int {
	n := 0
	s.subs.each(func(*subscription) { n++ })
	return n
}

// refused is the status to answer a connect with, 0 for none. Retry-After is set
// where it is said.
func (f *faults) refused(w http.ResponseWriter) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse == 0 {
		return 0
	}
	f.refuse--
	f.struck.Strike(Refused)
	if f.after > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64((f.after+time.Second-1)/time.Second), 10))
	}
	return f.status
}

// takeRewind is how many frames before seq to begin with, for one connection.
func (f *faults) takeRewind(seq int64, r *ring) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.rewinds
	f.rewinds = 0
	r.mu.Lock()
	defer r.mu.Unlock()
	n = max(0, min(n, seq-r.floor()))
	if n > 0 {
		f.struck.Strike(Repeated)
	}
	return n
}

// subscribers are the open connections.
type subscribers struct {
	mu     sync.Mutex
	open   map[*subscription]struct{}
	closed bool
	all    sync.WaitGroup
}

// enter counts a subscriber in; false means that the server is closing.
func (l *subscribers) enter(sub *subscription) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	sub.slow = make(chan struct{})
	l.all.Add(1)
	return true
}

// ends says how a subscriber, now connected, is cut off.
func (l *subscribers) ends(sub *subscription, end context.CancelFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sub.end = end
	if l.open == nil {
		l.open = make(map[*subscription]struct{})
	}
	l.open[sub] = struct{}{}
}

func (l *subscribers) leave(sub *subscription) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, sub)
	l.all.Done()
}

func (l *subscribers) each(do func(*subscription)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for sub := range l.open {
		do(sub)
	}
}

// wait refuses further subscribers and waits for those that there are.
func (l *subscribers) wait() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.all.Wait()
}
