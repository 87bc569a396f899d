package durable

import (
	"context"
	"time"
)

// sign is what a standby sees of the active worker. One that is alive writes its
// lease, or pulls, or brings the durable on.
type sign struct {
	leaseSeen

	delivered uint64
	waiting   bool // a pull of its is waiting for messages
}

// vigil is how a standby watches the active worker.
type vigil struct {
	// takeover is how long the active worker may show no sign of life.
	takeover time.Duration
	// alone says that there is no other worker: whoever held the lease is dead.
	alone bool
	// watch looks for a sign.
	watch func(context.Context) (sign, error)
	// rest returns nil when it is time to look again.
	rest func(ctx context.Context, again <-chan time.Time) error
}

// await returns once the worker holds the lease: at once where nobody does, and
// else when the one that does has shown no sign of life for long enough.
func (l *lease) await(ctx context.Context, v vigil) error {
	poll := time.NewTicker(v.takeover / 4)
	defer poll.Stop()
	var seen sign
	since := time.Now()
	for {
		now, err := v.watch(ctx)
		if err != nil {
			return err
		}
		if now != seen || now.waiting {
			seen, since = now, time.Now()
		}
		if !now.held || v.alone || time.Since(since) >= v.takeover {
			if taken, err := l.take(ctx, now.leaseSeen); err != nil || taken {
				return err
			}
		}
		if err := v.rest(ctx, poll.C); err != nil {
			return err
		}
	}
}
