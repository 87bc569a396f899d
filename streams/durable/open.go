package durable

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// The metadata that a durable carries about itself.
const (
	// MetaBaseline is the last stream sequence before the durable's creation: Inspect
	// counts from there.
	MetaBaseline = "cashtag.baseline"
	// metaMissing counts messages that the stream dropped before they were read.
	metaMissing = "cashtag.missing"
	// metaDropped counts dead letters that an operator dropped.
	metaDropped = "cashtag.dropped"
)

// open creates or updates the durables on the consumer's stream and on RETRY.
func (r *Runner) open(ctx context.Context) ([]*lane, error) {
	consumer := r.cfg.Consumer
	main := r.durableConfig(consumer.Service)
	if r.cfg.FromNow {
		main.DeliverPolicy = jetstream.DeliverNewPolicy
	}
	if consumer.Ordered {
		main.AckPolicy = jetstream.AckAllPolicy
	}
	if err := r.notePin(ctx); err != nil {
		return nil, err
	}
	mainDurable, err := createDurable(ctx, r.client, consumer.Stream, main)
	if err != nil {
		return nil, err
	}
	retry := r.durableConfig(consumer.RetryDurable())
	retry.FilterSubject = consumer.RetryFilter()
	retryDurable, err := createDurable(ctx, r.client, streams.Retry, retry)
	if err != nil {
		return nil, err
	}
	var lease *lease
	if consumer.Ordered {
		if lease, err = openLease(ctx, r.client.JS, consumer, r.worker); err != nil {
			return nil, err
		}
	}
	if r.cfg.Alone {
		if !consumer.Ordered { // who takes its lease takes it back
			if err := r.takeBack(ctx, consumer.Stream, mainDurable); err != nil {
				return nil, err
			}
		}
		if err := r.takeBack(ctx, streams.Retry, retryDurable); err != nil {
			return nil, err
		}
	}
	return []*lane{
		newLane(r, consumer.Stream, mainDurable, lease),
		newLane(r, streams.Retry, retryDurable, nil),
	}, nil
}

// notePin says it where an earlier version pinned the durable to a worker. It is so
// no more once updated, but the server keeps to the pin for as long as it was to
// last.
func (r *Runner) notePin(ctx context.Context) error {
	consumer := r.cfg.Consumer
	durable, err := r.client.JS.Consumer(ctx, consumer.Stream, consumer.Service)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("durable %s of stream %s: %w", consumer.Service, consumer.Stream, err)
	}
	if was := durable.CachedInfo().Config; was.PriorityPolicy == jetstream.PriorityPolicyPinned {
		r.logger.InfoContext(ctx, "the durable was pinned by an earlier version: reading begins when its pin ran out",
			"at_most", was.PinnedTTL)
	}
	return nil
}

// takeBack makes the server deliver at once what a run before this one had in hand.
func (r *Runner) takeBack(ctx context.Context, stream string, durable jetstream.Consumer) error {
	info := durable.CachedInfo()
	if info.NumAckPending == 0 {
		return nil
	}
	if _, err := r.client.JS.ResetConsumer(ctx, stream, info.Name); err != nil {
		return fmt.Errorf("reset durable %s of stream %s: %w", info.Name, stream, err)
	}
	return nil
}

func (r *Runner) durableConfig(name string) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       name,
		Description:   "durable of " + r.cfg.Consumer.Key(),
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       r.cfg.AckWait,
		MaxDeliver:    -1, // past it a server stops delivering and says nothing
		MaxAckPending: 4 * r.cfg.MaxBatch,
		MaxWaiting:    64,
	}
}

// createDurable keeps the metadata and the start of a durable that is there, and
// gives a new one its baseline.
func createDurable(ctx context.Context, client *streams.Client, streamName string, cfg jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	cfg.Metadata = map[string]string{}
	existing, err := client.JS.Consumer(ctx, streamName, cfg.Durable)
	switch {
	case err == nil:
		was := existing.CachedInfo().Config
		maps.Copy(cfg.Metadata, was.Metadata)
		cfg.DeliverPolicy, cfg.OptStartSeq = was.DeliverPolicy, was.OptStartSeq
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		stream, err := client.JS.Stream(ctx, streamName)
		if err != nil {
			return nil, fmt.Errorf("stream %s: %w", streamName, err)
		}
		state := stream.CachedInfo().State
		baseline := state.LastSeq
		if cfg.DeliverPolicy == jetstream.DeliverNewPolicy {
			// By number: what is published meanwhile is read.
			cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, state.LastSeq+1
		} else if state.Msgs > 0 {
			baseline = state.FirstSeq - 1
		}
		cfg.Metadata[MetaBaseline] = strconv.FormatUint(baseline, 10)
	default:
		return nil, fmt.Errorf("durable %s of stream %s: %w", cfg.Durable, streamName, err)
	}
	durable, err := client.JS.CreateOrUpdateConsumer(ctx, streamName, cfg)
	if err != nil {
		return nil, fmt.Errorf("create durable %s of stream %s: %w", cfg.Durable, streamName, err)
	}
	return durable, nil
}

// addMetadata adds n to a count that the durable carries.
func addMetadata(ctx context.Context, client *streams.Client, streamName, durable, key string, n uint64) error {
	consumer, err := client.JS.Consumer(ctx, streamName, durable)
	if err != nil {
		return fmt.Errorf("durable %s of stream %s: %w", durable, streamName, err)
	}
	cfg := consumer.CachedInfo().Config
	cfg.Metadata = maps.Clone(cfg.Metadata)
	if cfg.Metadata == nil {
		cfg.Metadata = make(map[string]string, 1)
	}
	cfg.Metadata[key] = strconv.FormatUint(metadataCount(cfg.Metadata, key)+n, 10)
	if _, err := client.JS.UpdateConsumer(ctx, streamName, cfg); err != nil {
		return fmt.Errorf("update durable %s of stream %s: %w", durable, streamName, err)
	}
	return nil
}

func metadataCount(metadata map[string]string, key string) uint64 {
	n, err := strconv.ParseUint(metadata[key], 10, 64)
	if err != nil {
		return 0 // absent, or not ours
	}
	return n
}
