package erase

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"cashtag/internal/recent"
	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable"

	"github.com/nats-io/nats.go/jetstream"
)

// deletedSuffix ends the id of a deletion, and of nothing else.
var deletedSuffix = schemas.TweetDeletedID("")

// Sink reads TWEETS and erases what the deletions there are about. It passes over
// posts, except those whose deletion it has read: those are erased too.
type Sink struct {
	eraser  *Eraser
	logger  *slog.Logger
	deleted *recent.Map[struct{}] // nil until the first Write
}

var _ durable.Sink = (*Sink)(nil)

// NewSink returns the sink of streams.ServiceEraser.
func NewSink(eraser *Eraser, logger *slog.Logger) *Sink {
	return &Sink{eraser: eraser, logger: logger}
}

// Write implements durable.Sink. One scan of each stream serves the whole batch.
func (s *Sink) Write(ctx context.Context, batch []durable.Message) []error {
	if err := s.prime(ctx); err != nil {
		return durable.All(len(batch), durable.Unavailable(err))
	}
	errs := make([]error, len(batch))
	var targets []target
	var owners []int
	for i := range batch {
		t, ok, err := s.targetIn(&batch[i])
		if err != nil {
			errs[i] = durable.Poison(err)
		}
		if ok {
			targets, owners = append(targets, t), append(owners, i)
		}
	}
	if len(targets) == 0 {
		return errs
	}
	erased, err := s.eraser.purgeAll(ctx, targets)
	for _, i := range owners {
		errs[i] = durable.Unavailable(err)
	}
	if erased > 0 {
		s.logger.InfoContext(ctx, "posts erased", "deletions", len(targets), "messages", erased)
	}
	return errs
}

// prime reads which deletions TWEETS holds.
func (s *Sink) prime(ctx context.Context) error {
	if s.deleted != nil {
		return nil
	}
	deleted := recent.New[struct{}](DefaultBound)
	for _, platform := range []string{schemas.PlatformX, schemas.PlatformBluesky} {
		subject := subjectOf(platform, schemas.NoTicker)
		err := streams.Scan(ctx, s.eraser.client, subject, func(message *jetstream.RawStreamMsg) error {
			if post, ok := strings.CutSuffix(message.Header.Get(jetstream.MsgIDHeader), deletedSuffix); ok {
				deleted.Add(post, struct{}{})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	s.deleted = deleted
	return nil
}

// targetIn is what is to be erased because of a message, if anything is.
func (s *Sink) targetIn(message *durable.Message) (target, bool, error) {
	if message.Key != schemas.NoTicker {
		if message.ID == "" || !s.deleted.Has(message.ID) {
			return target{}, false, nil
		}
		return target{id: message.ID, subject: message.Subject}, true, nil
	}
	event, err := schemas.Decode(message.Data)
	if err == nil {
		err = event.Validate()
	}
	if err != nil {
		return target{}, false, fmt.Errorf("deletion: %w", err)
	}
	deleted, ok := event.Data.(*schemas.TweetDeleted)
	if !ok {
		return target{}, false, fmt.Errorf("deletion: a %s is none", event.Type)
	}
	t := targetOf(event, deleted)
	s.deleted.Add(t.id, struct{}{})
	return t, true, nil
}
