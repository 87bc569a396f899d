package streamstest

import "sync"

// Switch is the gate of an engine, or of anything else, that a test turns by hand.
type Switch struct {
	mu      sync.Mutex
	on      bool
	changed chan struct{}
}

// NewSwitch returns a switch in the given state.
func NewSwitch(on bool) *Switch { return &Switch{on: on, changed: make(chan struct{})} }

// Set turns the switch.
func (s *Switch) Set(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = on
	close(s.changed)
	s.changed = make(chan struct{})
}

// On reports the state now.
func (s *Switch) On() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.on
}

// Changed returns a channel that is closed at the next call of Set.
func (s *Switch) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}
