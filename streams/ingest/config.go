package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
)

// Config says what a Runner publishes as, what it remembers and how it waits.
type Config struct {
	// Name is the source's own, such as twitter: places are kept under it.
	Name string
	// Subjects are those that the source publishes on, such as tweets.x.>. The
	// stream of the first keeps the place.
	Subjects []string
	// Remember is how many of the newest event ids are known, so as not to publish
	// an event again. At start they are read from the streams.
	Remember int
	// MinBackoff and MaxBackoff bound the pauses between attempts, which grow from
	// the one to the other, with jitter.
	MinBackoff, MaxBackoff time.Duration
	// Grace bounds how long events in hand are stored after the end of ctx.
	Grace time.Duration
	// Tally counts what was accepted or a duplicate. Nil forgets.
	Tally Tally
	// Settled, where it is set, is called with all events of each Next once every
	// one of them is stored or dropped.
	Settled func(events []schemas.Event)
	// Amend, where it is set, is given each event that the streams do not hold yet
	// and returns what to store in its place, or false to drop it. An error is
	// retried.
	Amend func(ctx context.Context, event schemas.Event) (schemas.Event, bool, error)
}

// DefaultConfig remembers 50,000 ids, waits 250 ms to 60 s between attempts, and
// has 10 s to store what is in hand.
func DefaultConfig(name string, subjects ...string) Config {
	return Config{
		Name: name, Subjects: subjects, Remember: 50_000,
		MinBackoff: 250 * time.Millisecond, MaxBackoff: time.Minute, Grace: 10 * time.Second,
	}
}

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	if err := (streams.Place{Source: c.Name, Value: "0"}).Validate(); err != nil {
		return err
	}
	if len(c.Subjects) == 0 {
		return errors.New("subjects is empty: must name those that the source publishes on")
	}
	for _, subject := range c.Subjects {
		if streams.StreamOf(subject) == "" {
			return fmt.Errorf("subject is %q: must be one that a stream keeps", subject)
		}
	}
	switch {
	case c.Remember < 1 || c.Remember > 1_000_000:
		return fmt.Errorf("remember is %d: must be from 1 to 1000000", c.Remember)
	case c.MinBackoff <= 0:
		return fmt.Errorf("min backoff is %s: must be positive", c.MinBackoff)
	case c.MaxBackoff < c.MinBackoff:
		return fmt.Errorf("max backoff is %s: must be at least min backoff, %s", c.MaxBackoff, c.MinBackoff)
	case c.Grace <= 0:
		return fmt.Errorf("grace is %s: must be positive", c.Grace)
	}
	return nil
}
