package durable

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// Figures is where one consumer stands, as the servers know it: the same from
// whatever process it is asked, and over every restart.
type Figures struct {
	Stored  uint64 // settled in the sink since the durable's creation
	Pending uint64 // in the stream or in hand and not settled, requeued ones included
	Buried  uint64 // dead letters that wait for a decision
	Missing uint64 // dropped by the stream before they were read
	Dropped uint64 // dead letters that an operator dropped
	Floor   uint64 // stream sequence up to which all is settled
	Ran     bool   // its durable is there
}

// Inspect reads the figures of one consumer. A consumer that never ran has the
// whole stream pending.
func Inspect(ctx context.Context, client *streams.Client, consumer streams.Consumer) (Figures, error) {
	stream, err := client.JS.Stream(ctx, consumer.Stream)
	if err != nil {
		return Figures{}, fmt.Errorf("inspect %s: stream: %w", consumer.Key(), err)
	}
	state := stream.CachedInfo().State
	durable, err := stream.Consumer(ctx, consumer.Service)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return Figures{Pending: state.Msgs}, nil
	}
	if err != nil {
		return Figures{}, fmt.Errorf("inspect %s: %w", consumer.Key(), err)
	}
	info := durable.CachedInfo()
	figures := Figures{
		Pending: pendingOf(info, state),
		Missing: metadataCount(info.Config.Metadata, metaMissing),
		Dropped: metadataCount(info.Config.Metadata, metaDropped),
		Floor:   info.AckFloor.Stream,
		Ran:     true,
	}
	if figures.Buried, err = countBuried(ctx, client, consumer); err != nil {
		return Figures{}, fmt.Errorf("inspect %s: dead letters: %w", consumer.Key(), err)
	}
	requeued, err := countRequeued(ctx, client, consumer)
	if err != nil {
		return Figures{}, fmt.Errorf("inspect %s: requeued letters: %w", consumer.Key(), err)
	}
	seen := state.LastSeq - min(state.LastSeq, metadataCount(info.Config.Metadata, MetaBaseline))
	unsettled := figures.Pending + figures.Missing + figures.Dropped + figures.Buried + requeued
	figures.Stored = seen - min(seen, unsettled)
	figures.Pending += requeued
	return figures, nil
}

// settling is how old a durable must be for its word that nothing is pending to be
// taken when it delivered nothing yet.
const settling = 5 * time.Second

// pendingOf is what of the stream the durable has not settled. A server answers 0
// for a moment while it still counts for a new durable.
func pendingOf(info *jetstream.ConsumerInfo, state jetstream.StreamState) uint64 {
	pending := info.NumPending + uint64(max(info.NumAckPending, 0))
	fresh := info.TimeStamp.Sub(info.Created) < settling
	if pending == 0 && fresh && info.Delivered.Consumer == 0 && info.AckFloor.Stream < state.LastSeq {
		return state.Msgs
	}
	return pending
}

func countBuried(ctx context.Context, client *streams.Client, consumer streams.Consumer) (uint64, error) {
	dead, err := client.JS.Stream(ctx, streams.Dead)
	if err != nil {
		return 0, err
	}
	info, err := dead.Info(ctx, jetstream.WithSubjectFilter(consumer.DeadFilter()))
	if err != nil {
		return 0, err
	}
	var buried uint64
	for _, n := range info.State.Subjects {
		buried += n
	}
	return buried, nil
}

func countRequeued(ctx context.Context, client *streams.Client, consumer streams.Consumer) (uint64, error) {
	durable, err := client.JS.Consumer(ctx, streams.Retry, consumer.RetryDurable())
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	info := durable.CachedInfo()
	return info.NumPending + uint64(max(info.NumAckPending, 0)), nil
}
