package replay

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"strconv"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable"
)

// Tape is a recorded sequence of events that never changes: internal/tape and
// internal/demo have one.
type Tape interface {
	// Fingerprint tells the tape from others.
	Fingerprint() string
	// Events yields the same events in the same order each time.
	Events() iter.Seq2[schemas.Event, error]
}

// Publisher stores events with the tape's place: streams.Publisher is one.
type Publisher interface {
	// PublishPlaced returns once every event is stored.
	PublishPlaced(ctx context.Context, source string, events ...streams.Placed) error
}

// Places returns the last place that source left in stream, "" for none, as
// streams.LastPlace does.
type Places func(ctx context.Context, stream, source string) (string, error)

// Player plays one tape. Make it with New.
type Player struct {
	cfg       Config
	tape      Tape
	publisher Publisher
	places    Places
	gate      durable.Gate
	logger    *slog.Logger

	progress progress
}

// New returns a player that is not playing yet. It stops taking events while the
// gate is off. It returns an error for a configuration that does not validate.
func New(tape Tape, publisher Publisher, places Places, gate durable.Gate, logger *slog.Logger, cfg Config) (*Player, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	return &Player{cfg: cfg, tape: tape, publisher: publisher, places: places, gate: gate, logger: logger}, nil
}

// Run plays what of the tape is not stored yet and returns nil at its end, or when
// ctx ends and the batch in hand is stored.
func (p *Player) Run(ctx context.Context) error {
	run, err := p.resume(ctx)
	if err != nil {
		return err
	}
	if err := p.play(ctx, run); err != nil && ctx.Err() == nil {
		return fmt.Errorf("replay: %w", err)
	}
	if ctx.Err() == nil {
		p.progress.done.Store(true)
		p.logger.InfoContext(ctx, "tape at its end", "run", run.number,
			"played", p.progress.played.Load(), "skipped", p.progress.skipped.Load())
	}
	return nil
}

// play publishes the tape in batches: all events that are due, as many as fit.
func (p *Player) play(ctx context.Context, run *run) error {
	var batch []streams.Placed
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := p.gateOpen(ctx); err != nil {
			return err
		}
		if err := p.publisher.PublishPlaced(context.WithoutCancel(ctx), run.source, batch...); err != nil {
			return err
		}
		p.progress.published(len(batch), batch[len(batch)-1].Event.Time)
		batch = batch[:0]
		return ctx.Err()
	}
	var pace pace
	for event, err := range p.tape.Events() {
		if err != nil {
			return err
		}
		placed, fresh, err := run.place(event)
		if err != nil {
			return err
		}
		if !fresh {
			p.progress.skipped.Add(1)
			continue
		}
		wait := pace.until(event.Time, p.cfg.Speed)
		if wait > 0 || len(batch) == p.cfg.Batch {
			if err := flush(); err != nil {
				return err
			}
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		batch = append(batch, placed)
	}
	return flush()
}

// gateOpen waits while the gate is off.
func (p *Player) gateOpen(ctx context.Context) error {
	for {
		changed := p.gate.Changed()
		if p.gate.On() {
			return ctx.Err()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pace maps event time to the clock, from the first event that it is asked about.
type pace struct {
	started time.Time // by the clock
	first   time.Time // event time then
}

// until is how long to wait for an event, or 0 when it is due.
func (p *pace) until(at time.Time, speed float64) time.Duration {
	if speed == 0 {
		return 0
	}
	now := time.Now()
	if p.started.IsZero() {
		p.started, p.first = now, at
	}
	due := p.started.Add(time.Duration(float64(at.Sub(p.first)) / speed))
	return max(0, due.Sub(now))
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// runSuffix gives the events of every run but the first an id of their own.
func runSuffix(number int) string {
	if number == 1 {
		return ""
	}
	return "~" + strconv.Itoa(number)
}
