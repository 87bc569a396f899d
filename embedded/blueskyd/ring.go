package blueskyd

import (
	"sync"
)

// ring holds the last frames and wakes those that wait for the next.
type ring struct {
	mu      sync.Mutex
	entries []entry // ordered by seq, at most retain
	retain  int
	next    int64 // the next sequence number
	micros  int64 // the instance's clock
	muted   bool
	wake    chan struct{} // closed at the next change
}

func newRing(retain int) *ring {
	return &ring{retain: retain, next: 1, wake: make(chan struct{})}
}

// add appends a frame that is seen at micros, or at the clock where that is later.
func (r *ring) add(e entry, micros int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.micros = max(r.micros, micros)
	e.seq, e.micros = r.next, r.micros
	r.next++
	r.entries = append(r.entries, e)
	if len(r.entries) >= 2*r.retain {
		r.entries = append([]entry(nil), r.entries[len(r.entries)-r.retain:]...)
	}
	r.changed()
}

// clock is the time of the last frame.
func (r *ring) clock() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.micros
}

// forget drops all that is held.
func (r *ring) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = nil
}

// renew drops all that is held and begins to number anew.
func (r *ring) renew() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries, r.next = nil, 1
}

func (r *ring) silent() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.muted
}

func (r *ring) mute(muted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.muted = muted
	r.changed()
}

// changed wakes who waits. The caller holds mu.
func (r *ring) changed() {
	close(r.wake)
	r.wake = make(chan struct{})
}

// held are the entries within the limit. The caller holds mu.
func (r *ring) held() []entry {
	return r.entries[max(0, len(r.entries)-r.retain):]
}

// floor is the smallest sequence number held, or the next. The caller holds mu.
func (r *ring) floor() int64 {
	if held := r.held(); len(held) > 0 {
		return held[0].seq
	}
	return r.next
}

// start is where a subscription begins.
type start struct {
	seq     int64
	advice  string
	message string
	tooOld  bool
	floor   int64
}

// resolve finds the frame of a cursor.
func (r *ring) resolve(cursor int64, given bool) start {
	r.mu.Lock()
	defer r.mu.Unlock()
	floor := r.floor()
	switch {
	case !given:
		return start{seq: r.next}
	case cursor < timeCursor && cursor > r.next:
		return start{seq: r.next, advice: "FutureCursor", message: "requested seq cursor is beyond this archive's next seq; starting at the live tip"}
	case cursor < timeCursor && cursor < floor:
		return start{seq: floor, tooOld: true, floor: floor}
	case cursor < timeCursor:
		return start{seq: cursor}
	}
	held := r.held()
	for i := range held {
		if held[i].micros < cursor {
			continue
		}
		s := start{seq: held[i].seq}
		if i == 0 && floor > 1 {
			s.advice, s.message = "OutdatedCursor", "requested timestamp cursor below retention floor"
		}
		return s
	}
	s := start{seq: r.next}
	if r.next > 1 && len(held) == 0 {
		s.advice, s.message = "OutdatedCursor", "requested timestamp cursor below retention floor"
	}
	return s
}

// read returns up to max frames from seq on, and a channel that is closed at the
// next change where there is none. ok is false where seq is no longer held.
func (r *ring) read(seq int64, limit int) (batch []entry, wake <-chan struct{}, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	floor := r.floor()
	switch {
	case r.muted || seq >= r.next:
		return nil, r.wake, true
	case seq < floor:
		return nil, nil, false
	}
	held := r.held()[seq-floor:]
	return append([]entry(nil), held[:min(limit, len(held))]...), nil, true
}
