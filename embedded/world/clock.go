package world

import (
	"context"
	"sync"
	"time"
)

// Clock is the time of a world. It stands still until it is set, never goes back,
// and is safe for concurrent use.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	changed chan struct{}
}

// NewClock returns a clock that shows now.
func NewClock(now time.Time) *Clock {
	return &Clock{now: now.UTC(), changed: make(chan struct{})}
}

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Until returns nil once the clock shows t or later, or the cause of the end of
// ctx.
func (c *Clock) Until(ctx context.Context, t time.Time) error {
	for {
		c.mu.Lock()
		now, changed := c.now, c.changed
		c.mu.Unlock()
		if !now.Before(t) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// set moves the clock forward to t; an earlier time leaves it where it is.
func (c *Clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !t.After(c.now) {
		return
	}
	c.now = t.UTC()
	close(c.changed)
	c.changed = make(chan struct{})
}
