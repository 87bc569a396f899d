package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"cashtag/streams"
	"cashtag/streams/durable"
)

// figures is where everything stands: the final JSON and the last table.
type figures struct {
	Streams   map[string]streamFigures   `json:"streams"`
	Consumers map[string]consumerFigures `json:"consumers"`
	ElapsedS  float64                    `json:"elapsed_s"`
}

type streamFigures struct {
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`

	last uint64
}

type consumerFigures struct {
	Stored      uint64 `json:"stored"`
	Pending     uint64 `json:"pending"`
	Redelivered uint64 `json:"redelivered"`
	Buried      uint64 `json:"buried"`

	missing uint64
	floor   uint64
}

// gather asks the servers for the figures of every stream and of the consumers
// that run here.
func (p *platform) gather(ctx context.Context) (figures, error) {
	all := figures{
		Streams:   make(map[string]streamFigures),
		Consumers: make(map[string]consumerFigures),
		ElapsedS:  math.Round(time.Since(p.started).Seconds()*1000) / 1000,
	}
	for _, name := range streams.StreamNames() {
		stream, err := p.observer.JS.Stream(ctx, name)
		if err != nil {
			return figures{}, fmt.Errorf("stream %s: %w", name, err)
		}
		state := stream.CachedInfo().State
		all.Streams[name] = streamFigures{Messages: state.Msgs, Bytes: state.Bytes, last: state.LastSeq}
	}
	for _, reader := range p.readers() {
		consumer := reader.consumer
		inspected, err := durable.Inspect(ctx, p.observer, consumer)
		if err != nil {
			return figures{}, err
		}
		all.Consumers[consumer.Key()] = consumerFigures{
			Stored:      inspected.Stored,
			Pending:     inspected.Pending,
			Redelivered: reader.activity().Redelivered,
			Buried:      inspected.Buried,
			missing:     inspected.Missing,
			floor:       inspected.Floor,
		}
	}
	return all, nil
}
