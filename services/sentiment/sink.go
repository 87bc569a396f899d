package sentiment

import (
	"context"
	"errors"
	"fmt"

	"cashtag/schemas"
	"cashtag/streams/durable"
)

// Publisher stores events. It returns nil once all are stored. An error that
// wraps a *schemas.FieldError means that it refused one of them and that none is
// stored; after any other error each of them may or may not be.
type Publisher interface {
	Publish(ctx context.Context, events ...schemas.Event) error
}

// Sink scores posts and publishes the scores. See the package for what it
// guarantees.
type Sink struct {
	scorer    Scorer
	publisher Publisher
}

var _ durable.Sink = (*Sink)(nil)

// New returns a Sink that asks scorer and publishes with publisher.
func New(scorer Scorer, publisher Publisher) *Sink {
	return &Sink{scorer: scorer, publisher: publisher}
}

// Write implements durable.Sink. The scores of the whole batch are published by
// one call.
func (s *Sink) Write(ctx context.Context, batch []durable.Message) []error {
	w := &write{batch: batch}
	for i := range batch {
		if err := s.score(ctx, w, i); err != nil {
			w.fail(i, err)
		}
	}
	s.publish(ctx, w)
	return w.errs
}

// score adds the events of one message.
func (s *Sink) score(ctx context.Context, w *write, i int) error {
	message := w.batch[i]
	p, err := decodePost(message.Data)
	if errors.Is(err, errDeleted) {
		return nil // there is no text to score
	}
	if err != nil {
		return durable.Poison(err)
	}
	score, err := s.scorer.Score(ctx, p.Data.Text)
	if err != nil {
		return fmt.Errorf("score post %s: %w", p.ID, err)
	}
	for _, ticker := range p.Data.Tickers {
		w.events = append(w.events, p.event(score, ticker, message))
		w.owners = append(w.owners, i)
	}
	return nil
}

// publish stores all events by one call. Where the publisher refuses an event,
// its message is poison and the others are published without it.
func (s *Sink) publish(ctx context.Context, w *write) {
	if len(w.events) == 0 {
		return
	}
	err := s.publisher.Publish(ctx, w.events...)
	if err == nil {
		return
	}
	if !refused(err) {
		w.failRest(durable.Unavailable(err))
		return
	}
	if w.dropInvalid() {
		s.publish(ctx, w)
		return
	}
	// The publisher refuses what the schema allows, such as too many bytes, and
	// does not say of which: ask one message at a time.
	for i := range w.batch {
		events := w.eventsOf(i)
		if len(events) == 0 {
			continue
		}
		switch err := s.publisher.Publish(ctx, events...); {
		case err == nil:
		case refused(err):
			w.fail(i, durable.Poison(err))
		default:
			w.fail(i, durable.Unavailable(err))
		}
	}
}

func refused(err error) bool {
	var field *schemas.FieldError
	return errors.As(err, &field)
}

// write is one batch on its way.
type write struct {
	batch  []durable.Message
	events []schemas.Event
	owners []int   // of each event, the index of its message
	errs   []error // nil until one fails
}

func (w *write) fail(i int, err error) {
	if w.errs == nil {
		w.errs = make([]error, len(w.batch))
	}
	w.errs[i] = err
}

// failRest gives err to every message that still has events.
func (w *write) failRest(err error) {
	for _, i := range w.owners {
		w.fail(i, err)
	}
}

// dropInvalid makes poison of every message that has an event which breaks its
// schema, and reports whether there was any.
func (w *write) dropInvalid() bool {
	bad := map[int]bool{}
	for at, event := range w.events {
		if err := event.Validate(); err != nil {
			bad[w.owners[at]] = true
			w.fail(w.owners[at], durable.Poison(fmt.Errorf("score of post: %w", err)))
		}
	}
	kept := 0
	for at := range w.events {
		if !bad[w.owners[at]] {
			w.events[kept], w.owners[kept] = w.events[at], w.owners[at]
			kept++
		}
	}
	w.events, w.owners = w.events[:kept], w.owners[:kept]
	return len(bad) > 0
}

// eventsOf is the events of one message, which stand together.
func (w *write) eventsOf(i int) []schemas.Event {
	start := 0
	for start < len(w.owners) && w.owners[start] != i {
		start++
	}
	end := start
	for end < len(w.owners) && w.owners[end] == i {
		end++
	}
	return w.events[start:end]
}
