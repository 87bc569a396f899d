//go:build !external

package minimum

import (
	"context"
	"fmt"
	"slices"

	"cashtag/schemas"
	"cashtag/streams"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// MaxBatch is what nats-server accepts as one atomic batch.
const MaxBatch = 1000

// PublishOne stores one event and returns when it is stored.
func PublishOne(ctx context.Context, js jetstream.JetStream, event schemas.Event) error {
	msg, err := encode(event)
	if err != nil {
		return err
	}
	if _, err := js.PublishMsg(ctx, msg); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// PublishBatch stores events of one stream as atomic batches of 1000, one after
// the other, and returns when all are stored.
func PublishBatch(ctx context.Context, js jetstream.JetStream, events []schemas.Event) error {
	for part := range slices.Chunk(events, MaxBatch) {
		batch := make([]*nats.Msg, len(part))
		for i, event := range part {
			var err error
			if batch[i], err = encode(event); err != nil {
				return err
			}
		}
		if _, err := jetstreamext.PublishMsgBatch(ctx, js, batch, jetstreamext.BatchFlowControl{}); err != nil {
			return fmt.Errorf("publish batch: %w", err)
		}
	}
	return nil
}

func encode(event schemas.Event) (*nats.Msg, error) {
	subject, err := streams.Subject(event)
	if err != nil {
		return nil, err
	}
	data, err := event.Encode()
	if err != nil {
		return nil, err
	}
	return &nats.Msg{Subject: subject, Data: data, Header: nats.Header{
		jetstream.MsgIDHeader: {event.ID},
		"Content-Type":        {schemas.ContentType},
	}}, nil
}
