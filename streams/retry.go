package streams

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/nats-io/nats.go"
)

// retry decides about the next attempt at one batch.
type retry struct {
	committer *committer
	pause     pause
	events    int
	tries     int // attempts that went unanswered
	warned    bool
}

func (c *committer) newRetry(events int) *retry {
	return &retry{committer: c, pause: newPause(), events: events}
}

// again waits before the next attempt. It returns false when there is to be none.
func (r *retry) again(ctx context.Context, v verdict, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	if v == unknown || v == incomplete {
		r.tries++
		if r.tries > r.committer.cfg.Retries {
			return false
		}
	}
	r.committer.counters.retries.Add(1)
	if !r.warned {
		r.warned = true
		r.committer.log.WarnContext(ctx, "publish is tried again",
			"stream", r.committer.stream, "events", r.events, "error", err)
	}
	return r.pause.wait(ctx)
}

// failure is the error of what is not to be tried again.
func (r *retry) failure(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("publish to %s: %w", r.committer.stream, ErrPublisherClosed)
	case r.tries > r.committer.cfg.Retries:
		if last := r.committer.client.Conn.LastError(); errors.Is(last, nats.ErrPermissionViolation) {
			err = fmt.Errorf("%w (%w)", err, last)
		}
		return fmt.Errorf("publish to %s: %w after %d tries: %w", r.committer.stream, ErrOutcomeUnknown, r.tries, err)
	}
	return fmt.Errorf("publish to %s: %w", r.committer.stream, err)
}

// pause spaces attempts out, each about half as long again as the one before and
// no two clients alike.
type pause struct{ backoff *backoff.ExponentialBackOff }

const (
	firstPause = 20 * time.Millisecond
	maxPause   = 250 * time.Millisecond
)

func newPause() pause {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = firstPause, maxPause
	b.Reset()
	return pause{backoff: b}
}

// wait returns false when ctx ended first.
func (p pause) wait(ctx context.Context) bool {
	timer := time.NewTimer(p.backoff.NextBackOff())
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
