package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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

// lost says what keeps the figures from being all right: buried, missing or
// pending messages. It is empty when all is stored. The stream LOGS feeds itself,
// so what is pending there does not count.
func (f figures) lost(skip func(service string) bool) []string {
	var lost []string
	for _, consumer := range streams.Consumers() {
		got, ok := f.Consumers[consumer.Key()]
		if !ok {
			continue
		}
		if got.Buried > 0 {
			lost = append(lost, fmt.Sprintf("%s buried %d (see: cashtag dead ls)", consumer.Key(), got.Buried))
		}
		if got.missing > 0 {
			lost = append(lost, fmt.Sprintf("%s is missing %d", consumer.Key(), got.missing))
		}
		if got.Pending > 0 && consumer.Stream != streams.Logs && !skip(consumer.Service) {
			lost = append(lost, fmt.Sprintf("%s has %d pending", consumer.Key(), got.Pending))
		}
	}
	return lost
}

// writeJSON writes the figures as one line.
func (f figures) writeJSON(w io.Writer) error {
	if err := json.NewEncoder(w).Encode(f); err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return nil
}
