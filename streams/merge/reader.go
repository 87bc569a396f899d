package merge

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable"

	"github.com/cenkalti/backoff/v5"
)

// Item is one stored event. One that is no event has no data and is not handed over.
type Item struct {
	Stream   string
	Sequence uint64
	Event    schemas.Event
}

// Handler makes events from others. It is called by one goroutine at a time.
type Handler interface {
	// Restore forgets everything and goes on from a snapshot; nil is for the very
	// beginning. An error ends the service.
	Restore(snapshot []byte) error
	// Apply takes in one event.
	Apply(item Item)
	// Waits reports whether something should still come before the clock goes on.
	Waits() bool
	// GiveUp says that it did not come in time.
	GiveUp()
	// Due reports whether Commit would make events.
	Due() bool
	// Commit makes the events that are due and returns them with a snapshot of what
	// is left. The same applied events give the same snapshot.
	Commit(ctx context.Context) (snapshot []byte, events []schemas.Event, err error)
}

// Publisher stores events with a place: streams.Publisher is one.
type Publisher interface {
	PublishPlaced(ctx context.Context, source string, events ...streams.Placed) error
}

// Stats is what one Reader did since it was made.
type Stats struct {
	State       string // as durable.Stats says it
	Read        map[string]uint64
	Published   uint64 // events made and stored
	Checkpoints uint64
	Bytes       int64  // of the last checkpoint's snapshot
	Invalid     uint64 // messages that are no events
	Missing     uint64 // dropped by a stream before they were read
	LastError   string
}

type stats struct {
	published, checkpoints, invalid, missing atomic.Uint64
	bytes                                    atomic.Int64
	state, lastError                         atomic.Pointer[string]
}

// Reader feeds one Handler. Make it with New.
type Reader struct {
	cfg       Config
	client    *streams.Client
	publisher Publisher
	handler   Handler
	gate      durable.Gate
	logger    *slog.Logger
	worker    string

	inputs   []*input
	readings uint64
	store    *store
	current  checkpoint

	applied   int       // since the last checkpoint
	committed time.Time // when that was
	resumed   time.Time // when the clock is no longer held back

	stats stats
	mu    sync.Mutex
	done  map[string]uint64 // positions that are made sure of
	read  map[string]uint64
	moved chan struct{} // closed when done changes
	flush atomic.Bool   // a checkpoint is asked for
}

// New returns a Reader that is not reading yet. It returns an error for a
// configuration that does not validate.
func New(client *streams.Client, publisher Publisher, handler Handler, gate durable.Gate, logger *slog.Logger, cfg Config) (*Reader, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("merge for %s: %w", cfg.Service, err)
	}
	return &Reader{
		cfg: cfg, client: client, publisher: publisher, handler: handler, gate: gate, logger: logger,
		worker: strings.ToLower(rand.Text()[:8]),
		done:   make(map[string]uint64), read: make(map[string]uint64), moved: make(chan struct{}),
	}, nil
}

// Stats returns what the Reader did.
func (r *Reader) Stats() Stats {
	found := Stats{
		State: durable.StateIdle, Published: r.stats.published.Load(), Checkpoints: r.stats.checkpoints.Load(),
		Bytes: r.stats.bytes.Load(), Invalid: r.stats.invalid.Load(), Missing: r.stats.missing.Load(),
		Read: make(map[string]uint64, len(r.cfg.Streams)),
	}
	if state := r.stats.state.Load(); state != nil {
		found.State = *state
	}
	if text := r.stats.lastError.Load(); text != nil {
		found.LastError = *text
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.Copy(found.Read, r.read)
	return found
}

// Activity is what the Reader did with one stream, in the terms of other consumers:
// Stored counts events handed over, Batches checkpoints.
func (r *Reader) Activity(stream string) durable.Stats {
	found := r.Stats()
	return durable.Stats{
		State: found.State, Stored: found.Read[stream], Batches: found.Checkpoints, Missing: found.Missing, LastError: found.LastError,
	}
}

func (r *Reader) setState(state string) { r.stats.state.Store(&state) }

func (r *Reader) setError(text string) { r.stats.lastError.Store(&text) }

// Run reads until ctx ends, makes a last checkpoint and returns nil. A server that is
// away is waited for. It returns an error for a checkpoint that is of no use, for a
// snapshot that the Handler refuses, and for an event that the publisher does.
func (r *Reader) Run(ctx context.Context) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 100*time.Millisecond, 15*time.Second
	for {
		started := time.Now()
		err := r.session(ctx)
		var field *schemas.FieldError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrCheckpoint), errors.Is(err, errRefused), errors.As(err, &field):
			return fmt.Errorf("merge for %s: %w", r.cfg.Service, err)
		case errors.Is(err, errTaken):
			r.logger.InfoContext(ctx, "another worker went on: going on from its checkpoint", "service", r.cfg.Service)
			r.setState(durable.StateStandby)
		default:
			r.setState(durable.StateRetrying)
			r.setError(err.Error())
			r.logger.WarnContext(ctx, "reading again", "service", r.cfg.Service, "error", err)
		}
		if time.Since(started) > pause.MaxInterval {
			pause.Reset()
		}
		timer := time.NewTimer(pause.NextBackOff())
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// Flush returns once all of a stream up to a sequence is covered by a checkpoint.
func (r *Reader) Flush(ctx context.Context, stream string, upTo uint64) error {
	for {
		r.mu.Lock()
		done, moved := r.done[stream], r.moved
		r.mu.Unlock()
		if done >= upTo {
			return nil
		}
		if changed := r.gate.Changed(); !r.gate.On() {
			return durable.ErrOff
		} else {
			r.flush.Store(true)
			select {
			case <-moved:
			case <-changed:
			case <-ctx.Done():
				return fmt.Errorf("flush %s/%s: %w", r.cfg.Service, stream, ctx.Err())
			}
		}
	}
}
