package main

import (
	"context"
	"errors"
	"slices"

	"cashtag/services/outcomes"
	"cashtag/streams/durable"
	"cashtag/streams/merge"
)

// buildOutcomes joins predictions with what happened, and watches what they are made
// from.
func (p *platform) buildOutcomes(s *service, cfg outcomes.Config) error {
	handler, err := outcomes.NewHandler(cfg, outcomes.Ledger(modelsLedger(s.client)), s.logger)
	if err != nil {
		return err
	}
	return p.merged(s, handler, outcomes.Reading())
}

// merged gives a service the one engine that reads all of its streams.
func (p *platform) merged(s *service, handler merge.Handler, cfg merge.Config) error {
	events, err := merge.New(s.client, s.publisher, handler, s.gate, s.logger, cfg)
	if err != nil {
		return err
	}
	for _, consumer := range p.consumersOf(s.name) {
		s.readers = append(s.readers, reader{consumer: consumer, activity: func() durable.Stats { return events.Activity(consumer.Stream) }})
	}
	s.run = events.Run
	s.flush = func(ctx context.Context, stream string, upTo uint64) error {
		if !slices.Contains(cfg.Streams, stream) {
			return nil
		}
		if err := events.Flush(ctx, stream, upTo); !errors.Is(err, durable.ErrOff) {
			return err
		}
		return nil // the flag went off meanwhile: a consumer that is off is passed over
	}
	return nil
}
