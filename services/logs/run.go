package logs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"cashtag/schemas"

	"github.com/cenkalti/backoff/v5"
)

// Publisher stores events. It returns nil once all are stored. An error that wraps
// a *schemas.FieldError means that it refuses one of them for good; any other may
// pass.
type Publisher interface {
	Publish(ctx context.Context, events ...schemas.Event) error
}

// ownKey marks the context of our own publishing: what is logged with it is not
// published.
type ownKey struct{}

// Run publishes what is logged, to h and to the handlers made from it, until ctx
// ends and then what is still queued, for two seconds at the most. It returns nil.
// Only one Run may be going on at a time; without one records are queued.
func (h *Handler) Run(ctx context.Context, publisher Publisher) error {
	r := &run{handler: h, publisher: publisher}
	own := context.WithValue(ctx, ownKey{}, true)
	var rest []schemas.Event
	for len(rest) == 0 {
		select {
		case <-own.Done():
			r.flush(own, nil)
			return nil
		case event := <-h.queue.events:
			rest = r.store(own, h.queue.take([]schemas.Event{event}))
		}
	}
	r.flush(own, rest)
	return nil
}

// run is one Run at work.
type run struct {
	handler   *Handler
	publisher Publisher
	failing   bool
}

// store publishes a batch, for as long as it takes. It returns the events that
// were not published when ctx ended.
func (r *run) store(ctx context.Context, batch []schemas.Event) []schemas.Event {
	pause := backoff.ExponentialBackOff{
		InitialInterval: minPause, MaxInterval: maxPause, Multiplier: 2, RandomizationFactor: 0.5,
	}
	for {
		err := r.publisher.Publish(ctx, batch...)
		var field *schemas.FieldError
		switch {
		case err == nil:
			r.succeeded(ctx)
			return nil
		case errors.As(err, &field):
			return r.storeSingly(ctx, batch, err)
		case ctx.Err() != nil:
			return batch
		}
		r.failed(ctx, err)
		timer := time.NewTimer(pause.NextBackOff())
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return batch
		}
	}
}

// storeSingly finds the event that a publisher refuses and drops it.
func (r *run) storeSingly(ctx context.Context, batch []schemas.Event, err error) []schemas.Event {
	if len(batch) == 1 {
		r.handler.queue.dropped.Add(1)
		r.say(ctx, slog.LevelWarn, "log event refused", slog.Any("error", err))
		return nil
	}
	for i := range batch {
		if rest := r.store(ctx, batch[i:i+1]); len(rest) > 0 {
			return batch[i:]
		}
	}
	return nil
}

// flush publishes what is left after ctx ended.
func (r *run) flush(ctx context.Context, batch []schemas.Event) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	queue := r.handler.queue
	left := len(batch) + len(queue.events) // what is logged from here on is not waited for
	for left > 0 {
		batch = queue.take(batch)
		rest := r.store(ctx, batch)
		left -= len(batch) - len(rest)
		batch = rest
		if len(rest) > 0 {
			break
		}
	}
	if left = max(left, len(batch)); left == 0 {
		return
	}
	for lost := len(batch); lost < left; lost++ {
		<-queue.events
	}
	queue.dropped.Add(uint64(left))
	r.say(ctx, slog.LevelWarn, "log events not published", slog.Int("count", left))
}

// failed says once that the stream does not take events.
func (r *run) failed(ctx context.Context, err error) {
	if !r.failing {
		r.say(ctx, slog.LevelWarn, "publish log events", slog.Any("error", err))
	}
	r.failing = true
}

// succeeded says once that the stream takes events again, and how many records
// were dropped meanwhile, the latter to the stream too.
func (r *run) succeeded(ctx context.Context) {
	if r.failing {
		r.say(ctx, slog.LevelInfo, "log events are published again")
	}
	r.failing = false
	queue := r.handler.queue
	dropped := queue.dropped.Load()
	if dropped == queue.announced {
		return
	}
	record := r.record(slog.LevelWarn, "log events dropped", slog.Uint64("count", dropped-queue.announced))
	if r.publisher.Publish(ctx, queue.named(r.handler.event(record))) != nil {
		return // the next success tries again
	}
	queue.announced = dropped
	r.hand(ctx, record)
}

func (r *run) record(level slog.Level, message string, attrs ...slog.Attr) slog.Record {
	record := slog.NewRecord(time.Now(), level, message, 0)
	for _, attr := range attrs {
		record.AddAttrs(cleaned(attr, false))
	}
	return record
}

// say tells the other handler alone.
func (r *run) say(ctx context.Context, level slog.Level, message string, attrs ...slog.Attr) {
	r.hand(ctx, r.record(level, message, attrs...))
}

func (r *run) hand(ctx context.Context, record slog.Record) {
	if next := r.handler.next; next.Enabled(ctx, record.Level) {
		_ = next.Handle(ctx, record) // there is nobody left to tell
	}
}
