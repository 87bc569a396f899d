package durable

import "context"

// Gate says whether a consumer may take more work.
type Gate interface {
	// On reports the gate's state now.
	On() bool
	// Changed returns a channel that is closed at the next change. Call it before
	// On so as not to miss one.
	Changed() <-chan struct{}
}

// waitOn blocks until the gate is on or ctx ends.
func waitOn(ctx context.Context, gate Gate) error {
	for {
		changed := gate.Changed()
		if gate.On() {
			return ctx.Err()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
