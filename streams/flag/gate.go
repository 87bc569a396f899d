package flag

import (
	"context"

	"cashtag/streams/bucket"
)

// Gate is a flag that is on or off. It is safe for concurrent use.
type Gate struct{ value *bucket.Value }

// Name is the flag's key in the bucket.
func (g *Gate) Name() string { return g.value.Name() }

// On reports whether the flag is on now.
func (g *Gate) On() bool { return g.value.Get() == On }

// Changed returns a channel that is closed at the next change of the flag after
// this call. Whoever asks for it before On misses none.
func (g *Gate) Changed() <-chan struct{} { return g.value.Changed() }

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
type Choice struct{ value *bucket.Value }

// Value is the flag's word now.
func (c *Choice) Value() string { return c.value.Get() }

// Read is the flag's word and the bucket's revision that it comes from, 0 where
// nobody ever set it.
func (c *Choice) Read() (word string, revision uint64) {
	state := c.value.Read()
	return state.Word, state.Revision
}

// Changed returns a channel that is closed at the next change of the flag after
// this call. Whoever asks for it before Value misses none.
func (c *Choice) Changed() <-chan struct{} { return c.value.Changed() }
