package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cashtag/schemas"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	openTimeout   = 5 * time.Second
	pullWait      = 2 * time.Second
	pullHeartbeat = 500 * time.Millisecond
	pullMessages  = 256
	followPause   = 100 * time.Millisecond
	forgottenIn   = time.Minute // a consumer that nobody pulls from
)

// follower reads the session and the clock by an ordered consumer of a fixed name,
// so that a service needs the right to that name alone. Whatever breaks the order
// starts the consumer anew.
type follower struct {
	js     jetstream.JetStream
	name   string
	logger *slog.Logger
	market *Market
	read   uint64 // what the consumer delivered, by its own count
}

// run follows the first consumer, and others after it, until ctx ends.
func (f *follower) run(ctx context.Context, consumer jetstream.Consumer) {
	for {
		for ctx.Err() == nil {
			if err := f.pull(ctx, consumer, pullMessages); err != nil {
				f.logger.DebugContext(ctx, "market is followed anew", "error", err)
				break
			}
		}
		for {
			if !sleep(ctx, followPause) {
				return
			}
			var err error
			if consumer, err = f.open(ctx); err == nil {
				break
			}
			f.logger.DebugContext(ctx, "market is waited for", "error", err)
		}
	}
}

// open starts the consumer anew and reads where the market stands.
func (f *follower) open(ctx context.Context) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	err := f.js.DeleteConsumer(ctx, streams.Market, f.name)
	if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil, err
	}
	f.read = 0
	consumer, err := f.js.CreateConsumer(ctx, streams.Market, jetstream.ConsumerConfig{
		Name:              f.name,
		FilterSubjects:    []string{"market." + schemas.MICXNYS + ".session.*", "market." + schemas.MICXNYS + ".clock"},
		DeliverPolicy:     jetstream.DeliverLastPerSubjectPolicy,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: forgottenIn,
	})
	if err != nil {
		return nil, err
	}
	for left := consumer.CachedInfo().NumPending; f.read < left; {
		if err := f.pull(ctx, consumer, int(min(left-f.read, pullMessages))); err != nil {
			return nil, err
		}
	}
	return consumer, ctx.Err()
}

// pull takes what comes within a while, at most n messages. An error ends the
// consumer.
func (f *follower) pull(ctx context.Context, consumer jetstream.Consumer, n int) error {
	ctx, cancel := context.WithTimeout(ctx, pullWait)
	defer cancel()
	batch, err := consumer.Fetch(n, jetstream.FetchContext(ctx), jetstream.FetchHeartbeat(pullHeartbeat))
	if err != nil {
		return err
	}
	for message := range batch.Messages() {
		if err := f.take(ctx, message); err != nil {
			return err
		}
	}
	if err := batch.Error(); err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (f *follower) take(ctx context.Context, message jetstream.Msg) error {
	meta, err := message.Metadata()
	if err != nil {
		return err
	}
	if meta.Sequence.Consumer != f.read+1 {
		return fmt.Errorf("delivery %d came after %d", meta.Sequence.Consumer, f.read)
	}
	f.read++
	event, err := schemas.Decode(message.Data())
	if err != nil {
		f.logger.WarnContext(ctx, "market event cannot be read", "subject", message.Subject(),
			"sequence", meta.Sequence.Stream, "error", err)
	}
	f.market.apply(meta.Sequence.Stream, event)
	return nil
}
