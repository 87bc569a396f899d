package erase

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cashtag/schemas"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// MaxPosts is how many posts are erased at a time.
const MaxPosts = 1000

// Publisher stores events: streams.Publisher is one.
type Publisher interface {
	Publish(ctx context.Context, events ...schemas.Event) error
}

// Eraser erases posts from the streams. See the package for what it promises.
type Eraser struct {
	client    *streams.Client
	publisher Publisher
}

// New returns an Eraser that states deletions by publisher.
func New(client *streams.Client, publisher Publisher) *Eraser {
	return &Eraser{client: client, publisher: publisher}
}

// Outcome is what became of one post.
type Outcome struct {
	ID string
	// Found says that the streams held the post, or an earlier word of its deletion.
	Found bool
	// Messages is how many messages held the post: in TWEETS, DEAD and RETRY.
	Messages int
}

// Request is what Erase is asked for.
type Request struct {
	// IDs are event ids of posts, such as x:123: at most MaxPosts.
	IDs []string
	// At is when the posts were deleted.
	At time.Time
	// Unseen states the deletion of posts too that TWEETS does not hold, for the
	// sake of far ends that keep posts for longer.
	Unseen bool
}

// Erase states the deletion of posts and then erases them. The outcomes are in the
// order of the ids. After an error it may be called again.
func (e *Eraser) Erase(ctx context.Context, request Request) ([]Outcome, error) {
	if len(request.IDs) == 0 || len(request.IDs) > MaxPosts {
		return nil, fmt.Errorf("erase %d posts: must be 1 to %d at a time", len(request.IDs), MaxPosts)
	}
	targets := make([]target, 0, len(request.IDs))
	for _, id := range request.IDs {
		t, err := parse(id)
		if err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	found, err := e.find(ctx, targets)
	if err != nil {
		return nil, err
	}
	if err := e.state(ctx, targets, found, request); err != nil {
		return nil, err
	}
	erased, err := e.purge(ctx, targets)
	if err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, 0, len(targets))
	for _, t := range targets {
		at, known := found[t.id]
		n := erased[t.id]
		outcomes = append(outcomes, Outcome{
			ID: t.id, Messages: n,
			Found: n > 0 || known && (at.stated || len(at.data.FromSequences) > 0),
		})
	}
	return outcomes, nil
}

// state publishes the deletions that are not stated yet.
func (e *Eraser) state(ctx context.Context, targets []target, found map[string]*remains, request Request) error {
	var events []schemas.Event
	stated := map[string]bool{}
	for _, t := range targets {
		at := found[t.id]
		again := at.stated && len(at.data.FromSequences) == 0
		unseen := len(at.data.FromSequences) == 0 && !at.buried && !request.Unseen
		if again || unseen || stated[t.id] {
			continue
		}
		stated[t.id] = true
		at.data.DeletedAt = request.At.UTC()
		source := at.source
		if source == "" {
			source = t.source()
		}
		events = append(events, schemas.New(schemas.TweetDeletedID(t.id), source, at.data.Ticker(), request.At, &at.data))
	}
	if len(events) == 0 {
		return nil
	}
	if err := e.publisher.Publish(ctx, events...); err != nil {
		return fmt.Errorf("state %d deletions: %w", len(events), err)
	}
	return nil
}

// Complete fills in what the streams know of the post that a deletion is about, and
// reports whether TWEETS holds it. An event that is no deletion is an error.
func (e *Eraser) Complete(ctx context.Context, event schemas.Event) (schemas.Event, bool, error) {
	deleted, ok := event.Data.(*schemas.TweetDeleted)
	if !ok {
		return event, false, fmt.Errorf("complete event %s: a %s is no deletion", event.ID, event.Type)
	}
	t := targetOf(event, deleted)
	found, err := e.find(ctx, []target{t})
	if err != nil {
		return event, false, err
	}
	at := found[t.id]
	if len(at.data.FromSequences) == 0 {
		return event, false, nil
	}
	completed := at.data
	completed.DeletedAt = deleted.DeletedAt
	event.Data, event.Subject = &completed, completed.Ticker()
	return event, true, nil
}

// Purge erases the posts that deletions are about, and returns how many messages
// held one of them. Events of other types are passed over.
func (e *Eraser) Purge(ctx context.Context, deletions ...schemas.Event) (int, error) {
	var targets []target
	for _, event := range deletions {
		if deleted, ok := event.Data.(*schemas.TweetDeleted); ok {
			targets = append(targets, targetOf(event, deleted))
		}
	}
	return e.purgeAll(ctx, targets)
}

func (e *Eraser) purgeAll(ctx context.Context, targets []target) (int, error) {
	total := 0
	for part := range slices.Chunk(targets, MaxPosts) {
		erased, err := e.purge(ctx, part)
		for _, n := range erased {
			total += n
		}
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// purge erases every message that holds one of the posts, and counts them by post.
func (e *Eraser) purge(ctx context.Context, targets []target) (map[string]int, error) {
	wanted := make(map[string]bool, len(targets))
	for _, t := range targets {
		wanted[t.id] = true
	}
	erased := make(map[string]int, len(targets))
	for _, subject := range subjectsOf(targets) {
		for _, place := range []struct {
			subject string
			idOf    func(*jetstream.RawStreamMsg) string
		}{
			{subject, func(m *jetstream.RawStreamMsg) string { return idOf(m.Header, m.Data) }},
			{streams.DeadSubject("*", subject), func(m *jetstream.RawStreamMsg) string { return letterID(m.Data) }},
			{streams.RetrySubject("*", subject), func(m *jetstream.RawStreamMsg) string { return idOf(m.Header, m.Data) }},
		} {
			err := streams.Scan(ctx, e.client, place.subject, func(message *jetstream.RawStreamMsg) error {
				id := place.idOf(message)
				if !wanted[id] {
					return nil
				}
				erased[id]++
				return e.remove(ctx, streams.StreamOf(place.subject), message.Sequence)
			})
			if err != nil {
				return erased, fmt.Errorf("erase posts: %w", err)
			}
		}
	}
	return erased, nil
}

// remove overwrites a message and takes it away. One that is gone is no error.
func (e *Eraser) remove(ctx context.Context, name string, sequence uint64) error {
	stream, err := e.client.JS.Stream(ctx, name)
	if err != nil {
		return fmt.Errorf("stream %s: %w", name, err)
	}
	if err := stream.SecureDeleteMsg(ctx, sequence); err != nil {
		if _, gone := stream.GetMsg(ctx, sequence); errors.Is(gone, jetstream.ErrMsgNotFound) {
			return nil
		}
		return fmt.Errorf("erase message %d of stream %s: %w", sequence, name, err)
	}
	return nil
}
