package flag

import (
	"context"
	"sync"
)

// state is one flag as it stands in this process.
type state struct {
	mu       sync.Mutex
	known    Known  // never changes
	fallback string // the value where nobody set one
	explicit string // the last good value since the key was last deleted; "" is the default
	revision uint64 // of the bucket, when explicit was set
	changed  chan struct{}
}

func newState(k Known) *state {
	return &state{known: k, fallback: k.Default, changed: make(chan struct{})}
}

func (s *state) value() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.valueLocked()
}

func (s *state) valueLocked() string {
	if s.explicit == "" {
		return s.fallback
	}
	return s.explicit
}

// set takes a new explicit value, or "" for none, and returns the values before
// and after.
func (s *state) set(explicit string, revision uint64) (before, after string) {
	return s.update(func() { s.explicit, s.revision = explicit, revision })
}

func (s *state) setDefault(value string) { s.update(func() { s.fallback = value }) }

func (s *state) update(change func()) (before, after string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before = s.valueLocked()
	change()
	after = s.valueLocked()
	if before != after {
		close(s.changed)
		s.changed = make(chan struct{})
	}
	return before, after
}

// next is closed at the next change of the value.
func (s *state) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Gate is a flag that is on or off. It is safe for concurrent use.
type Gate struct{ state *state }

// Name is the flag's key in the bucket.
func (g *Gate) Name() string { return g.state.known.Name }

// On reports whether the flag is on now.
func (g *Gate) On() bool { return g.state.value() == On }

// Changed returns a channel that is closed at the next change of the flag after
// this call. Whoever asks for it before On misses none.
func (g *Gate) Changed() <-chan struct{} { return g.state.next() }

// Wait returns nil as soon as the flag is on, at once where it is, or the cause of
// the end of ctx.
func (g *Gate) Wait(ctx context.Context) error {
	for {
		changed := g.Changed()
		if g.On() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Choice is a flag of several words. It is safe for concurrent use.
type Choice struct{ state *state }

// Value is the flag's word now.
func (c *Choice) Value() string { return c.state.value() }

// Read is the flag's word and the bucket's revision that it comes from, 0 where
// nobody ever set it.
func (c *Choice) Read() (word string, revision uint64) {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	return c.state.valueLocked(), c.state.revision
}

// Changed returns a channel that is closed at the next change of the flag after
// this call. Whoever asks for it before Value misses none.
func (c *Choice) Changed() <-chan struct{} { return c.state.next() }
