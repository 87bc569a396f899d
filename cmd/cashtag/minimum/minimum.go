//go:build !external

// Package minimum takes events out of a stream in the shortest honest way that a
// person would write by hand: nats.go, the vendor's SDK, and a loop. It is what
// `cashtag bench` measures the services against, in the same run.
//
// A path does the work of its service on the far end, with the same bytes in
// calls of the same size: one file a path. It acknowledges a message after the far
// end stored it, and that is all it guarantees.
//
// It does not retry, keep the order of a ticker, bury, pause, extend an
// acknowledgement wait or count what it missed: the first error ends it. Nothing
// else may use it.
//
// This package is the one exception to the rule that a vendor's SDK appears in
// exactly one service, since it is those services without their engine.
package minimum

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Path is one way out of a stream. The functions named after the services make
// them.
type Path struct {
	name  string
	batch int
	ack   jetstream.AckPolicy
	// store keeps a batch at the far end and reports whether it may be
	// acknowledged, with what came before it; the last one must be.
	store func(ctx context.Context, batch []jetstream.Msg, last bool) (bool, error)
}

// maxAckPending is two of the largest objects.
const maxAckPending = 20_000

// Durable is the name of the durable that Drain creates.
func (p Path) Durable() string { return "minimum-" + p.name }

// Drain creates a durable on a stream and stores its next messages, as many as
// events, which must be there already.
func (p Path) Drain(ctx context.Context, js jetstream.JetStream, stream string, events int) error {
	consumer, err := js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{
		Durable:       p.Durable(),
		AckPolicy:     p.ack,
		MaxAckPending: maxAckPending,
	})
	if err != nil {
		return fmt.Errorf("create consumer: %w", err)
	}
	for events > 0 {
		fetched, err := consumer.Fetch(min(p.batch, events))
		if err != nil {
			return fmt.Errorf("fetch: %w", err)
		}
		batch := make([]jetstream.Msg, 0, p.batch)
		for msg := range fetched.Messages() {
			batch = append(batch, msg)
		}
		if err := fetched.Error(); err != nil {
			return fmt.Errorf("fetch: %w", err)
		}
		events -= len(batch)
		stored, err := p.store(ctx, batch, events == 0)
		if err != nil {
			return err
		}
		if !stored {
			continue
		}
		if err := p.acknowledge(batch); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
	}
	return nil
}

func (p Path) acknowledge(batch []jetstream.Msg) error {
	if p.ack == jetstream.AckAllPolicy {
		return batch[len(batch)-1].Ack()
	}
	for _, msg := range batch {
		if err := msg.Ack(); err != nil {
			return err
		}
	}
	return nil
}
