package manager

import (
	"context"
	"time"
)

// wallCheck is how often a wall clock is looked at: a machine that slept, or whose
// clock was set, notices within it.
const wallCheck = time.Second

// Wall is the clock of the real world. It notices sleep and jumps within a second,
// since it trusts no timer over what the clock shows.
type Wall struct {
	// Read is what the clock shows; nil is time.Now.
	Read func() time.Time
}

// Now implements Clock.
func (w Wall) Now() time.Time {
	read := w.Read
	if read == nil {
		read = time.Now
	}
	return read().Round(0).UTC() // without the monotonic reading, which stands still in sleep
}

// Until implements Clock.
func (w Wall) Until(ctx context.Context, t time.Time) error {
	for {
		left := t.Sub(w.Now())
		if left <= 0 {
			return nil
		}
		timer := time.NewTimer(min(left, wallCheck))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

var _ Clock = Wall{}
