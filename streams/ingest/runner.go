package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"cashtag/internal/recent"
	"cashtag/schemas"
	"cashtag/streams"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/time/rate"
)

// closeWithin is how soon after its gates closed a source should have let go.
const closeWithin = 2 * time.Second

// Publisher stores events: streams.Publisher is one.
type Publisher interface {
	// Publish returns once every event is stored.
	Publish(ctx context.Context, events ...schemas.Event) error
	// PublishPlaced returns once every event is stored, each with the source's place.
	PublishPlaced(ctx context.Context, source string, events ...streams.Placed) error
}

// Runner stores what one source yields. Make it with New.
type Runner struct {
	cfg       Config
	client    *streams.Client
	publisher Publisher
	source    Source
	gates     Gates
	logger    *slog.Logger
	malformed rate.Sometimes // bounds the log of invalid events
	stuck     rate.Sometimes // bounds the log of what cannot be stored

	ending <-chan struct{} // closed when Run is to end
	cursor string
	recent *recent.Map[struct{}]
	link   link
	stats  stats
}

// New returns a Runner that is not running yet. It returns an error for a
// configuration that does not validate. A nil logger discards.
func New(client *streams.Client, publisher Publisher, source Source, gates Gates, logger *slog.Logger, cfg Config) (*Runner, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("source %q: %w", cfg.Name, err)
	}
	if gates.Hours != nil && gates.Market == nil {
		return nil, fmt.Errorf("source %q: gates have hours and no market to tell them by", cfg.Name)
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Tally == nil {
		cfg.Tally = Uncounted{}
	}
	r := &Runner{
		cfg:       cfg,
		client:    client,
		publisher: publisher,
		source:    source,
		gates:     gates,
		logger:    logger.With("source", cfg.Name),
		malformed: rate.Sometimes{First: 1, Interval: time.Minute},
		stuck:     rate.Sometimes{First: 1, Interval: time.Minute},
	}
	r.stats.enter(StateWaiting, nil)
	return r, nil
}

// Name is Config.Name.
func (r *Runner) Name() string { return r.cfg.Name }

// Stats returns what the Runner did since it was made.
func (r *Runner) Stats() Stats { return r.stats.snapshot() }

// Run goes on from the place stored last and stores what the source yields until
// ctx ends. It then stores what is in hand within Config.Grace, closes the source
// and returns nil. It returns an error when the source gave up: see Fatal.
func (r *Runner) Run(ctx context.Context) error {
	err := r.run(ctx)
	r.stats.enter(StateEnded, err)
	if err != nil {
		return fmt.Errorf("source %s: %w", r.cfg.Name, err)
	}
	return nil
}

func (r *Runner) run(ctx context.Context) error {
	if err := r.resume(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	r.ending = ctx.Done()
	work, stop := outlast(ctx, r.cfg.Grace)
	defer stop()
	for r.gates.opened(ctx, func(state string) { r.stats.enter(state, nil) }) {
		if err := r.session(ctx, work); err != nil {
			return err
		}
	}
	return nil
}

// resume reads the place, and the ids that must not be stored again.
func (r *Runner) resume(ctx context.Context) (err error) {
	r.cursor, err = streams.LastPlace(ctx, r.client, streams.StreamOf(r.cfg.Subjects[0]), r.cfg.Name)
	if err != nil {
		return err
	}
	r.recent = recent.New[struct{}](r.cfg.Remember)
	for _, subject := range slices.Backward(r.cfg.Subjects) { // what is read last is forgotten last
		ids, err := streams.LastIDs(ctx, r.client, subject, r.cfg.Remember)
		if err != nil {
			return err
		}
		for _, id := range ids {
			r.recent.Add(id, struct{}{})
		}
	}
	return nil
}

// session reads the source until a gate closes or ctx ends, and lets go of it.
func (r *Runner) session(ctx, work context.Context) error {
	open, cancel := r.gates.while(ctx)
	defer cancel()
	done, finish := context.WithCancel(work)
	defer finish()
	context.AfterFunc(open, func() {
		if sleep(done, closeWithin) {
			r.logger.WarnContext(ctx, "source is slow to let go", "after", closeWithin)
		}
	})
	err := r.read(open, work)
	reason := "stopped"
	switch {
	case err != nil:
		reason = "given up"
	case ctx.Err() == nil:
		reason = r.gates.closed()
	}
	r.down(ctx, reason, err)
	if closer, ok := r.source.(interface{ Close() error }); ok {
		if err := closer.Close(); err != nil {
			r.logger.WarnContext(ctx, "source did not close cleanly", "error", err)
		}
	}
	return err
}

// read asks the source for events while open lasts. Pauses between attempts end
// with open, too.
func (r *Runner) read(open, work context.Context) error {
	pause := r.pauses()
	for open.Err() == nil {
		r.stats.enter(r.asked(), nil)
		events, next, err := r.source.Next(open, r.cursor)
		if next == "" {
			next = r.cursor
		}
		if err == nil || len(events) > 0 {
			r.up(open)
			pause.Reset()
		}
		if stop := r.settle(work, events, next); stop != nil {
			return stop
		}
		switch {
		case err == nil:
			continue
		case IsFatal(err):
			return err
		case open.Err() != nil:
			return nil
		}
		state, wait := StateRetrying, pause.NextBackOff()
		if retry, ok := errors.AsType[*Retry](err); ok {
			state, wait = StateWaiting, retry.After
		}
		r.stats.enter(state, err)
		r.down(open, state, err, "again_in", wait)
		if !sleep(open, wait) {
			return nil
		}
	}
	return nil
}

func (r *Runner) pauses() *backoff.ExponentialBackOff {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = r.cfg.MinBackoff, r.cfg.MaxBackoff
	pause.Reset()
	return pause
}

// sleep returns false when ctx ended first.
func sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(max(0, wait))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// outlast returns a context that ends grace after ctx does.
func outlast(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		sleep(work, grace)
		cancel()
	})
	return work, func() { stop(); cancel() }
}
