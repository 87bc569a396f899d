package ingest

import (
	"sync"
	"time"
)

// The states of a Runner, as people see them.
const (
	StateOff       = "off"       // the flag is off
	StateClosed    = "closed"    // its hours have not come
	StateWaiting   = "waiting"   // asked and not heard of yet, or told when to come again
	StateConnected = "connected" // the source answered since it was connected
	StateRetrying  = "retrying"  // the source failed, or what it yielded cannot be stored yet
	StateEnded     = "ended"     // Run returned
)

// Stats is what one Runner did since it was made.
type Stats struct {
	State        string
	Since        time.Time     // when the state was entered
	LastEventAt  time.Time     // the newest event's own time; zero for none
	LastEventAge time.Duration // how long ago that event arrived
	Reconnects   uint64
	// Gap is the event time between the last event before the last reconnect and
	// the first new one after it.
	Gap       time.Duration
	Seen      uint64 // the sum of the next four
	Accepted  uint64 // stored
	Duplicate uint64 // not stored again
	Malformed uint64 // broke its schema
	Filtered  uint64 // dropped by Config.Amend
	LastError string // "" once the source answered again
}

// stats is Stats under a lock.
type stats struct {
	mu      sync.Mutex
	now     Stats
	arrived time.Time
}

func (s *stats) snapshot() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now
	now.Seen = now.Accepted + now.Duplicate + now.Malformed + now.Filtered
	if !s.arrived.IsZero() {
		now.LastEventAge = time.Since(s.arrived)
	}
	return now
}

// enter takes a new state, with what caused it, nil for nothing.
func (s *stats) enter(state string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now.State != state {
		s.now.State, s.now.Since = state, time.Now()
	}
	if err != nil {
		s.now.LastError = err.Error()
	} else if state == StateConnected {
		s.now.LastError = ""
	}
}

func (s *stats) arrive(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.LastEventAt, s.arrived = at, time.Now()
}

func (s *stats) count(outcome Outcome, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch outcome {
	case Accepted:
		s.now.Accepted += uint64(n)
	case Duplicate:
		s.now.Duplicate += uint64(n)
	case Malformed:
		s.now.Malformed += uint64(n)
	case Filtered:
		s.now.Filtered += uint64(n)
	}
}

func (s *stats) reconnected() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Reconnects++
}

func (s *stats) gap(gap time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Gap = gap
}
