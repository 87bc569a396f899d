package manager

import (
	"context"
	"sync"
	"time"
)

// progress is how far a manager got, for whoever waits for it.
type progress struct {
	mu      sync.Mutex
	reached time.Time
	changed chan struct{} // closed at the next change
}

func newProgress() *progress { return &progress{changed: make(chan struct{})} }

// reach takes note that everything due before t is stored.
func (p *progress) reach(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !t.After(p.reached) {
		return
	}
	p.reached = t
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *progress) until() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reached
}

func (p *progress) wait(ctx context.Context, t time.Time) error {
	for {
		p.mu.Lock()
		reached, changed := p.reached, p.changed
		p.mu.Unlock()
		if t.Before(reached) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
