package durable

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"cashtag/schemas"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// Letter is a dead letter and its number, which is its sequence in DEAD. What
// somebody else put there is a letter without an event: it can be shown and dropped,
// not requeued.
type Letter struct {
	Number uint64
	Event  schemas.Event
	Dead   *schemas.Dead
}

// Requeuer stores a requeued message: streams.Publisher is one.
type Requeuer interface {
	// PublishBytes returns once the message is stored under its id.
	PublishBytes(ctx context.Context, subject, id string, headers map[string][]string, data []byte) error
}

// Letters gives access to what was buried.
type Letters struct {
	Client *streams.Client
}

// All calls visit for each dead letter whose subject matches filter, oldest
// first; "" matches all. An error of visit ends the walk and is returned.
func (l Letters) All(ctx context.Context, filter string, visit func(Letter) error) error {
	stream, err := l.Client.JS.Stream(ctx, streams.Dead)
	if err != nil {
		return fmt.Errorf("open dead letters: %w", err)
	}
	if filter == "" {
		filter = "dead.>"
	}
	last := stream.CachedInfo().State.LastSeq
	for number := uint64(1); number <= last; number++ {
		raw, err := stream.GetMsg(ctx, number, jetstream.WithGetMsgSubject(filter))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read dead letters from %d on: %w", number, err)
		}
		number = raw.Sequence
		if err := visit(openLetter(raw)); err != nil {
			return err
		}
	}
	return nil
}

// Get reads one letter. It returns an error that matches ErrNoLetter when there
// is none of that number.
func (l Letters) Get(ctx context.Context, number uint64) (Letter, error) {
	stream, err := l.Client.JS.Stream(ctx, streams.Dead)
	if err != nil {
		return Letter{}, fmt.Errorf("open dead letters: %w", err)
	}
	raw, err := stream.GetMsg(ctx, number)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Letter{}, fmt.Errorf("dead letter %d: %w", number, ErrNoLetter)
	}
	if err != nil {
		return Letter{}, fmt.Errorf("read dead letter %d: %w", number, err)
	}
	return openLetter(raw), nil
}

// Requeue publishes a letter's message for the consumer that buried it, and for
// no other, and takes the letter away. Interrupted in between, it may be called
// again.
func (l Letters) Requeue(ctx context.Context, publisher Requeuer, number uint64) error {
	letter, err := l.Get(ctx, number)
	if err != nil {
		return err
	}
	dead := letter.Dead
	if letter.Event.ID == "" {
		return fmt.Errorf("requeue dead letter %d: %s", number, dead.Reason)
	}
	headers := maps.Clone(dead.Headers)
	if headers == nil {
		headers = make(map[string][]string, 2)
	}
	if id := first(headers, jetstream.MsgIDHeader); id != "" {
		headers[HeaderMsgID] = []string{id}
	}
	if dead.Stream != streams.Retry {
		headers[HeaderSequence] = []string{strconv.FormatUint(dead.Sequence, 10)}
	}
	delete(headers, jetstream.MsgIDHeader)
	id := letter.Event.ID + ":" + strconv.FormatUint(number, 10)
	subject := streams.RetrySubject(dead.Consumer, dead.Subject)
	if err := publisher.PublishBytes(ctx, subject, id, headers, dead.Payload); err != nil {
		return fmt.Errorf("requeue dead letter %d: %w", number, err)
	}
	return l.remove(ctx, number)
}

// Drop takes a letter away for good. The consumer counts it as dropped.
func (l Letters) Drop(ctx context.Context, number uint64) error {
	letter, err := l.Get(ctx, number)
	if err != nil {
		return err
	}
	if err := l.remove(ctx, number); err != nil {
		return err
	}
	stream := streams.StreamOf(letter.Dead.Subject)
	err = addMetadata(ctx, l.Client, stream, letter.Dead.Consumer, metaDropped, 1)
	if errors.Is(err, jetstream.ErrConsumerNotFound) || letter.Event.ID == "" {
		return nil // nobody counts it
	}
	return err
}

func (l Letters) remove(ctx context.Context, number uint64) error {
	stream, err := l.Client.JS.Stream(ctx, streams.Dead)
	if err != nil {
		return fmt.Errorf("open dead letters: %w", err)
	}
	if err := stream.SecureDeleteMsg(ctx, number); err != nil {
		return fmt.Errorf("remove dead letter %d: %w", number, err)
	}
	return nil
}

func openLetter(raw *jetstream.RawStreamMsg) Letter {
	event, err := schemas.Decode(raw.Data)
	if dead, ok := event.Data.(*schemas.Dead); ok && err == nil {
		return Letter{Number: raw.Sequence, Event: event, Dead: dead}
	}
	if err == nil {
		err = fmt.Errorf("it is a %s", event.Type)
	}
	consumer, original, _ := strings.Cut(strings.TrimPrefix(raw.Subject, "dead."), ".")
	return Letter{Number: raw.Sequence, Dead: &schemas.Dead{
		Consumer: consumer,
		Stream:   streams.Dead,
		Sequence: raw.Sequence,
		Subject:  original,
		Headers:  raw.Header,
		Payload:  raw.Data,
		Reason:   "no dead letter of ours: " + reasonOf(err),
		BuriedAt: raw.Time,
	}}
}
