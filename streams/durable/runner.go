package durable

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"cashtag/schemas"
	"cashtag/streams"

	"golang.org/x/sync/errgroup"
)

// Publisher stores the dead letters of a Runner: streams.Publisher is one.
type Publisher interface {
	// Publish returns once every event is stored.
	Publish(ctx context.Context, events ...schemas.Event) error
}

// Runner hands the messages of one consumer to one sink. Make it with New.
type Runner struct {
	cfg       Config
	client    *streams.Client
	publisher Publisher
	sink      Sink
	gate      Gate
	logger    *slog.Logger
	worker    string // its name among those that read the consumer

	writing sync.Mutex // Write is never called concurrently
	stats   stats
}

// New returns a Runner that is not running yet. It returns an error for a
// configuration that does not validate.
func New(client *streams.Client, publisher Publisher, sink Sink, gate Gate, logger *slog.Logger, cfg Config) (*Runner, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("consumer %s: %w", cfg.Consumer.Key(), err)
	}
	return &Runner{
		cfg:       cfg,
		client:    client,
		publisher: publisher,
		sink:      sink,
		gate:      gate,
		worker:    rand.Text(),
		logger:    logger.With("consumer", cfg.Consumer.Key()),
	}, nil
}

// Consumer says what the Runner reads.
func (r *Runner) Consumer() streams.Consumer { return r.cfg.Consumer }

// Stats returns what the Runner did since it was made.
func (r *Runner) Stats() Stats { return r.stats.snapshot() }

// Run creates the durable where it is missing and feeds the sink until ctx ends,
// then finishes the batch in hand within Config.Grace and returns nil. It returns
// an error that matches ErrFatal when the sink gave up.
func (r *Runner) Run(ctx context.Context) error {
	lanes, err := r.open(ctx)
	if err != nil && ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open consumer %s: %w", r.cfg.Consumer.Key(), err)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, lane := range lanes {
		group.Go(func() error { return lane.run(ctx) })
	}
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("consumer %s: %w", r.cfg.Consumer.Key(), err)
	}
	return nil
}
