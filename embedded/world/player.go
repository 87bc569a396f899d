package world

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"cashtag/schemas"
)

// Tape is a recorded sequence of events that never changes, in order of event
// time.
type Tape interface {
	Events() iter.Seq2[schemas.Event, error]
}

// Venue is where events are handed out, such as a vendor's stand-in.
type Venue interface {
	// Publish hands out events that Settled will be told of once they are stored,
	// unless the venue stores them itself before it returns.
	Publish(ctx context.Context, events []schemas.Event) error
	// Ready waits until whoever stores the venue's events would see one that is
	// handed out now. It returns false where nobody is to: a flag is off, or the
	// market is closed.
	Ready(ctx context.Context) (bool, error)
}

// Market states what the market's clock says.
type Market interface {
	// Caught returns nil once everything is stored that is due at t.
	Caught(ctx context.Context, t time.Time) error
}

// ErrPlace is returned for a place that is not of the tape.
var ErrPlace = errors.New("the place is another tape's")

// Place is how much of the tape is known to be stored.
type Place interface {
	// Load is the number of events of the last Store, 0 where there was none.
	Load() (events uint64, err error)
	Store(events uint64) error
}

// Gate pauses the world while it is off.
type Gate interface {
	On() bool
	Changed() <-chan struct{}
}

// Config says how a tape is played.
type Config struct {
	// Speed is how many seconds of event time pass in one second; 0 plays as fast as
	// events are stored.
	Speed float64
	// Stall is how long the world waits for an event to be stored before it goes on
	// without. The wait starts anew with each event that is. The place stays where
	// it is until the event is stored after all.
	Stall time.Duration
	// PlaceEvery is how often the place is stored.
	PlaceEvery time.Duration
}

// DefaultConfig plays as fast as events are stored, and waits 10 s for one.
func DefaultConfig() Config { return Config{Stall: 10 * time.Second, PlaceEvery: time.Second} }

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	switch {
	case c.Speed < 0:
		return fmt.Errorf("speed is %g: must be positive, or 0 for as fast as it goes", c.Speed)
	case c.Stall <= 0:
		return fmt.Errorf("stall is %s: must be positive", c.Stall)
	case c.PlaceEvery < 0:
		return fmt.Errorf("place every is %s: must not be negative", c.PlaceEvery)
	}
	return nil
}

// Parts are what a world is made of. Route names the venue of an event; nil for
// an event that nobody hands out. Expect says whether an event that is handed out
// is to be stored, rather than filtered out as one of a ticker that nobody
// follows.
type Parts struct {
	Tape   Tape
	Route  func(schemas.Event) Venue
	Expect func(schemas.Event) bool
	Clock  *Clock
	Market Market
	Place  Place
	Gate   Gate
	Logger *slog.Logger
}

// Progress is how far the world has come in this process.
type Progress struct {
	Played  uint64    // events handed out
	Skipped uint64    // events that were stored before
	At      time.Time // event time of the newest event that was handed out
	Done    bool      // everything is stored
}

// maxHand bounds the events that are handed out at once.
const maxHand = 2000

// Player plays one tape. Make it with New.
type Player struct {
	cfg   Config
	parts Parts

	mu          sync.Mutex
	progress    Progress
	outstanding map[string]bool // handed out and not known to be stored; true is waited for
	waited      int             // how many are waited for
	moved       chan struct{}   // closed when an outstanding event is stored
}

// New returns a player that is not playing yet.
func New(parts Parts, cfg Config) (*Player, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("world: %w", err)
	}
	return &Player{cfg: cfg, parts: parts, outstanding: map[string]bool{}, moved: make(chan struct{})}, nil
}

// Settled tells that events are stored, or will never be. It is safe for
// concurrent use.
func (p *Player) Settled(events []schemas.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, event := range events {
		if p.outstanding[event.ID] {
			p.waited--
		}
		delete(p.outstanding, event.ID)
	}
	close(p.moved)
	p.moved = make(chan struct{})
}

// Progress may be asked while the player runs.
func (p *Player) Progress() Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.progress
}

// Run plays what is not known to be stored yet and returns nil at the end of the
// tape, or when ctx ends.
func (p *Player) Run(ctx context.Context) error {
	err := p.play(ctx)
	if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		return nil
	}
	return err
}

func (p *Player) play(ctx context.Context) error {
	stored, err := p.parts.Place.Load()
	if err != nil {
		return fmt.Errorf("world: %w", err)
	}
	r := &run{Player: p, placed: stored}
	for event, err := range p.parts.Tape.Events() {
		if err != nil {
			return fmt.Errorf("world: %w", err)
		}
		r.count++
		if r.count <= stored {
			r.pass(event)
			continue
		}
		if err := r.play(ctx, event); err != nil {
			return err
		}
	}
	if r.count < stored {
		return fmt.Errorf("world: %w: %d events of it are said to be stored, and it has %d", ErrPlace, stored, r.count)
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	if err := r.tick(ctx, r.count); err != nil {
		return err
	}
	if err := r.place(r.count, true); err != nil {
		return err
	}
	p.mu.Lock()
	p.progress.Done = true
	p.mu.Unlock()
	return nil
}
