package alpacad

import (
	"net/http"
	"strconv"
	"time"

	"cashtag/embedded/fault"
)

// Kind is how the stand-in fails. Beside those below there are Said and Answered.
type Kind string

// The kinds of failure that Struck counts.
const (
	Broken     Kind = "broken"     // a connection, by Cut
	Silent     Kind = "silent"     // a connection, by Silence
	Repeated   Kind = "repeated"   // a connection that was told messages again
	Fragmented Kind = "fragmented" // a frame, by Split
	Garbled    Kind = "garbled"    // a frame that stands as it was given, by Garble
)

// Said is an error that the stream stated, such as 402 or 405, scripted or not.
func Said(code int) Kind { return Kind("said " + strconv.Itoa(code)) }

// Answered is a status that a REST call was scripted to get.
func Answered(status int) Kind { return Kind("answered " + strconv.Itoa(status)) }

// faults are what goes wrong next.
type faults struct {
	refuse bool
	repeat int
	rest   []restFault
	split  int
	struck fault.Counts[Kind]
}

// Struck is how often a failure of a kind struck.
func (s *Server) Struck(kind Kind) int { return s.faults.struck.Struck(kind) }

// Split sends frames in fragments of n bytes, or whole again with n of 0.
func (s *Server) Split(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.split = n
}

func (s *Server) fragment() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.split
}

type restFault struct {
	status int
	retry  time.Duration
}

// RefuseKeys makes the stand-in refuse all keys, or accept its own again.
func (s *Server) RefuseKeys(refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.refuse = refuse
}

// RepeatAfterReconnect makes it send the last n messages, at most 1000, again to
// whoever authenticates next.
func (s *Server) RepeatAfterReconnect(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.repeat = n
}

// FailREST makes it answer the next n REST calls with a status, such as 429 or
// 500, and with Retry-After where that is not 0. With n of 0 all is well again.
func (s *Server) FailREST(n, status int, retryAfter time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.rest = nil
	for range n {
		s.faults.rest = append(s.faults.rest, restFault{status: status, retry: retryAfter})
	}
}

// Cut ends all connections without a word.
func (s *Server) Cut() {
	for _, c := range s.all() {
		s.faults.struck.Strike(Broken)
		c.end()
	}
}

// Silence leaves all connections open and says nothing on them any more, not even
// the answer to a ping. They no longer count against the limit.
func (s *Server) Silence() {
	for _, c := range s.all() {
		s.faults.struck.Strike(Silent)
		c.mu.Lock()
		c.silent = true
		c.authenticated = false
		c.mu.Unlock()
	}
}

// Say sends an error of the stream, such as 407 slow client, to all connections
// and closes them.
func (s *Server) Say(code int, text string) {
	for _, c := range s.all() {
		c.fail(code, text, true)
	}
}

// Garble sends a frame as it is to all connections.
func (s *Server) Garble(frame []byte) {
	for _, c := range s.all() {
		s.faults.struck.Strike(Garbled)
		c.put(frame)
	}
}

func (s *Server) all() []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	clients := make([]*client, 0, len(s.clients))
	for c := range s.clients {
		clients = append(clients, c)
	}
	return clients
}

// faultyREST takes the next fault of a REST call; false where there is none.
func (s *Server) faultyREST(w http.ResponseWriter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults.rest) == 0 {
		return false
	}
	f := s.faults.rest[0]
	s.faults.rest = s.faults.rest[1:]
	s.faults.struck.Strike(Answered(f.status))
	refuse(w, f.status, f.retry, http.StatusText(f.status))
	return true
}
