package durable

import (
	"sync/atomic"
	"time"
)

// The states of a Runner, as people see them.
const (
	StateIdle     = "idle"     // nothing to do, or not started
	StateRunning  = "running"  // handing batches to the sink
	StatePaused   = "paused"   // the flag is off
	StateRetrying = "retrying" // the sink failed and is tried again
	StateStandby  = "standby"  // another worker of an ordered consumer is active
)

// Stats is what one Runner did since it was made. For what its durable did since
// its creation, see Inspect.
type Stats struct {
	State       string
	Stored      uint64 // messages that the sink reported stored
	Batches     uint64 // calls of Write
	Retries     uint64 // messages that were written again
	Redelivered uint64 // messages that the server delivered again
	Buried      uint64
	Missing     uint64    // messages that the stream dropped before they were read
	StoredAt    time.Time // when the newest stored message was stored in the stream; zero for none
	LastError   string    // what the sink said last, "" once it stored again
}

type stats struct {
	state                                                  atomic.Pointer[string]
	stored, batches, retries, redelivered, buried, missing atomic.Uint64
	storedAt                                               atomic.Int64
	lastError                                              atomic.Pointer[string]
}

func (s *stats) setState(state string) { s.state.Store(&state) }

func (s *stats) setError(err error) {
	var text string
	if err != nil {
		text = err.Error()
	}
	s.lastError.Store(&text)
}

func (s *stats) snapshot() Stats {
	snapshot := Stats{
		State:       StateIdle,
		Stored:      s.stored.Load(),
		Batches:     s.batches.Load(),
		Retries:     s.retries.Load(),
		Redelivered: s.redelivered.Load(),
		Buried:      s.buried.Load(),
		Missing:     s.missing.Load(),
	}
	if state := s.state.Load(); state != nil {
		snapshot.State = *state
	}
	if at := s.storedAt.Load(); at != 0 {
		snapshot.StoredAt = time.Unix(0, at).UTC()
	}
	if text := s.lastError.Load(); text != nil {
		snapshot.LastError = *text
	}
	return snapshot
}
