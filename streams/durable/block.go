package durable

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cashtag/streams"

	"github.com/cenkalti/backoff/v5"
)

// apiTimeout bounds one request to the server.
const apiTimeout = 10 * time.Second

// Blocks archives one stream in blocks: it reads the stream in order, cuts it into
// runs of sequences and has a BlockSink store each as one object.
//
// Full blocks end at multiples of BlockConfig.Events. A block closes early when it
// holds BlockConfig.Bytes, when it is older than BlockConfig.Age and nothing more
// is to be read, or when Flush asks for it; the next one then ends where the full
// one would have. Where a block ends is recorded in the bucket streams.BucketBlocks
// before it is stored, and obeyed ever after: so a retry after a kill, or another
// worker, stores the same object under the same name.
//
// The recorded cuts, and which of their blocks are stored, say where to go on. The
// durable only delivers, and shows how far the archive is. It would not do as the
// place to go on from: where acknowledgements cover all up to a sequence, a message
// erased from the stream while it is in hand takes the floor with it, past
// everything before it that is not stored.
//
// Of several workers one is active, by a lease in the same bucket.
//
// Sequences that the stream dropped before they were read are counted as missing
// and logged; sequences erased from it leave a gap in their block.
type Blocks struct {
	cfg    BlockConfig
	client *streams.Client
	sink   BlockSink
	gate   Gate
	logger *slog.Logger
	worker string // its name among those that archive the stream
	stats  stats

	flushes chan flush
	waiting []flush // of the goroutine that runs, as is seen
	seen    uint64  // highest sequence that was taken
	stopped chan struct{}
}

// NewBlocks returns Blocks that do not run yet. It returns an error for a
// configuration that does not validate.
func NewBlocks(client *streams.Client, sink BlockSink, gate Gate, logger *slog.Logger, cfg BlockConfig) (*Blocks, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("consumer %s: %w", cfg.Consumer.Key(), err)
	}
	return &Blocks{
		cfg:     cfg,
		client:  client,
		sink:    sink,
		gate:    gate,
		logger:  logger.With("consumer", cfg.Consumer.Key()),
		worker:  rand.Text(),
		flushes: make(chan flush),
		stopped: make(chan struct{}),
	}, nil
}

// Consumer says what is read.
func (b *Blocks) Consumer() streams.Consumer { return b.cfg.Consumer }

// Stats returns what was done since NewBlocks. Batches counts blocks, Retries
// counts tries after a failure; nothing is ever buried.
func (b *Blocks) Stats() Stats { return b.stats.snapshot() }

// Run archives the stream until ctx ends, then lets the blocks in hand be stored
// within BlockConfig.Grace and returns nil. What was read of an open block is read
// again by the next run. It returns an error that matches ErrFatal when the sink
// gave up or the stream is not the one that was archived before. It is called
// once.
func (b *Blocks) Run(ctx context.Context) error {
	defer close(b.stopped)
	pauses := b.pauses()
	for {
		if err := b.awaitOn(ctx); err != nil {
			return nil
		}
		before := b.stats.batches.Load()
		err := b.session(ctx)
		if IsFatal(err) {
			return fmt.Errorf("consumer %s: %w", b.cfg.Consumer.Key(), err)
		}
		if ctx.Err() != nil {
			return nil
		}
		if b.stats.batches.Load() != before {
			pauses.Reset()
		}
		switch {
		case err == nil || errors.Is(err, ErrOff):
			continue
		case errors.Is(err, errResync):
			b.logger.InfoContext(ctx, "reading again", "reason", err)
		default:
			b.stats.setError(err)
			b.logger.WarnContext(ctx, "reading interrupted", "error", err)
		}
		if !pause(ctx, pauses.NextBackOff()) {
			return nil
		}
	}
}

func (b *Blocks) pauses() *backoff.ExponentialBackOff {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = b.cfg.MinBackoff
	pauses.MaxInterval = b.cfg.MaxBackoff
	return pauses
}

// awaitOn blocks until the flag is on. It returns an error when ctx ended.
func (b *Blocks) awaitOn(ctx context.Context) error {
	for {
		changed := b.gate.Changed()
		if b.gate.On() {
			return ctx.Err()
		}
		b.stats.setState(StatePaused)
		b.answerAll(ErrOff)
		select {
		case <-changed:
		case f := <-b.flushes:
			b.waiting = append(b.waiting, f)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// insist calls until it succeeds, fails for good, ctx ends, release is closed or
// the flag goes off.
func (b *Blocks) insist(ctx context.Context, release <-chan struct{}, call func(context.Context) error) error {
	pauses := b.pauses()
	for tries := 0; ; tries++ {
		err := call(ctx)
		if err == nil {
			if tries > 0 {
				b.stats.setError(nil)
				b.stats.setState(StateRunning)
			}
			return nil
		}
		if IsFatal(err) || ctx.Err() != nil {
			return err
		}
		wait := pauses.NextBackOff()
		b.stats.setState(StateRetrying)
		b.stats.setError(err)
		b.stats.retries.Add(1)
		b.logger.WarnContext(ctx, "archive failed, trying again", "wait", wait, "error", err)
		if err := b.rest(ctx, release, wait); err != nil {
			return err
		}
	}
}

// rest pauses between two tries. It returns an error when there is not to be
// another.
func (b *Blocks) rest(ctx context.Context, release <-chan struct{}, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		changed := b.gate.Changed()
		if !b.gate.On() {
			return ErrOff
		}
		select {
		case <-timer.C:
			return nil
		case <-changed:
		case <-release:
			return errReleased
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
