package main

import (
	"context"

	"cashtag/streams/durable"
	"cashtag/streams/erase"
)

// buildEraser erases the posts whose deletion TWEETS states. It has no flag: what
// was deleted must not stay.
func (p *platform) buildEraser(_ context.Context, s *service) error {
	sink := erase.NewSink(erase.New(s.client, s.publisher), s.logger)
	return p.read(s, func(string) (durable.Sink, error) { return sink, nil }, func(cfg *durable.Config) { cfg.MaxBatch = 1000 })
}
