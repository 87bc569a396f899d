package manager

import (
	"context"
	"fmt"
	"time"

	"cashtag/schemas"
)

// Clock is what time it is in the world that the market belongs to.
type Clock interface {
	// Now is the clock's time.
	Now() time.Time
	// Until returns nil once the clock shows t or later. It may return nil earlier:
	// the manager then looks at the clock and waits again. It returns the cause of
	// the end of ctx, or an error where the clock will never show t.
	Until(ctx context.Context, t time.Time) error
}

// Flag is the flag market.
type Flag interface {
	// Read is the flag's word and the revision of the bucket that it comes from, 0
	// where nobody ever set it.
	Read() (word string, revision uint64)
	// Changed returns a channel that is closed at the next change.
	Changed() <-chan struct{}
}

// Journal keeps the events. Its errors are those of streams.Publisher:
// streams.ErrOutpaced when another event was stored since, and
// streams.ErrOutcomeUnknown when it is worth another try.
type Journal interface {
	// Last is the last event on subjects and its sequence, 0 where there is none.
	Last(ctx context.Context, subjects string) (last schemas.Event, sequence uint64, err error)
	// PublishAfter stores an event if the last one on subjects has the sequence
	// after, and returns the event's own.
	PublishAfter(ctx context.Context, subjects string, after uint64, event schemas.Event) (sequence uint64, err error)
	// Publish stores events, whatever was stored before them.
	Publish(ctx context.Context, events ...schemas.Event) error
}

// Config says which market's events a Manager states, and from when on.
type Config struct {
	// Source states the events: schemas.SourceXNYS, or schemas.SourceDemoXNYS in a
	// synthetic world.
	Source string
	// Since is when the stream's story begins: nothing is stated of the time before,
	// neither a transition nor a tick. Zero is the live world's: its story begins
	// with the session that holds at the start.
	Since time.Time
	// Ticks says which full minutes the market's clock ticks. Nil is each of them. A
	// recorded tape, whose clock ticked less where nothing was said, knows its own.
	Ticks func(minute time.Time) bool
	// MakeUp makes up for ticks that the clock jumped over, too, many at once. It is
	// for a world of one manager, whose clock jumps where nothing is said.
	MakeUp bool
	// CatchUp bounds how far back transitions are made up for.
	CatchUp time.Duration
}

// DefaultConfig is the live world's, and makes up for 30 days.
func DefaultConfig() Config {
	return Config{Source: schemas.SourceXNYS, CatchUp: 30 * 24 * time.Hour}
}

// maxCatchUp bounds what one start publishes: two events a trading day.
const maxCatchUp = 10 * 366 * 24 * time.Hour

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	switch {
	case c.Source != schemas.SourceXNYS && c.Source != schemas.SourceDemoXNYS:
		return fmt.Errorf("source is %q: must be %s or %s", c.Source, schemas.SourceXNYS, schemas.SourceDemoXNYS)
	case c.CatchUp < time.Hour || c.CatchUp > maxCatchUp:
		return fmt.Errorf("catch up is %s: must be from 1h to %s", c.CatchUp, maxCatchUp)
	}
	return nil
}
