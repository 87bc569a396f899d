package main

import (
	"context"
	"fmt"
	"time"

	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// messagePatience is how long a server may take for the next message.
const messagePatience = 5 * time.Second

// eachMessage calls each with what a stream holds now on the filter and from the start
// of cfg, in order. An error of each ends it.
func eachMessage(
	ctx context.Context, client *streams.Client, stream string, cfg jetstream.OrderedConsumerConfig, each func(data []byte) error,
) error {
	consumer, err := client.JS.OrderedConsumer(ctx, stream, cfg)
	if err != nil {
		return fmt.Errorf("read %s: %w", stream, err)
	}
	pending := consumer.CachedInfo().NumPending
	if pending == 0 {
		return nil
	}
	messages, err := consumer.Messages()
	if err != nil {
		return fmt.Errorf("read %s: %w", stream, err)
	}
	defer messages.Stop()
	for pending > 0 {
		patience, cancel := context.WithTimeout(ctx, messagePatience)
		message, err := messages.Next(jetstream.NextContext(patience))
		cancel()
		if err != nil {
			return fmt.Errorf("read %s: %w", stream, err)
		}
		if err := each(message.Data()); err != nil {
			return err
		}
		meta, err := message.Metadata()
		if err != nil {
			return fmt.Errorf("read %s: %w", stream, err)
		}
		pending = meta.NumPending
	}
	return nil
}
