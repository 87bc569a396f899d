package ingest

import (
	"context"
	"time"
)

// link is what a Runner knows of its source's connection.
type link struct {
	up     bool
	known  bool      // was up before
	failed bool      // an error of this outage is logged
	lostAt time.Time // when it was lost last
	gap    bool      // no new event came since it is up again
	last   time.Time // of the newest event, its own time
}

// asked is the state while Next is under way.
func (r *Runner) asked() string {
	if r.link.up {
		return StateConnected
	}
	return StateWaiting
}

// up notes that the source answered.
func (r *Runner) up(ctx context.Context) {
	r.stats.enter(StateConnected, nil)
	if r.link.up {
		return
	}
	if r.link.known {
		r.stats.reconnected()
		r.logger.InfoContext(ctx, "source reconnected", "after", time.Since(r.link.lostAt).Round(time.Millisecond))
	} else {
		r.logger.InfoContext(ctx, "source connected")
	}
	r.link.gap = r.link.known && !r.link.last.IsZero()
	r.link.up, r.link.known, r.link.failed = true, true, false
}

// down notes that the connection ended. Of an outage the first error is logged,
// and that it is not tried any more.
func (r *Runner) down(ctx context.Context, reason string, err error, attrs ...any) {
	if !r.link.up && (err != nil) == r.link.failed {
		return
	}
	if r.link.up {
		r.link.up, r.link.lostAt = false, time.Now()
	}
	r.link.failed = err != nil
	attrs = append([]any{"reason", reason}, attrs...)
	if err != nil {
		r.logger.WarnContext(ctx, "source disconnected", append(attrs, "error", err)...)
		return
	}
	r.logger.InfoContext(ctx, "source disconnected", attrs...)
}

// arrived notes new events by the times of the first and the last of them.
func (r *Runner) arrived(ctx context.Context, first, last time.Time) {
	if r.link.gap {
		r.link.gap = false
		gap := max(0, first.Sub(r.link.last))
		r.stats.gap(gap)
		r.logger.InfoContext(ctx, "source went on after a gap", "gap", gap)
	}
	r.link.last = last
	r.stats.arrive(last)
}
