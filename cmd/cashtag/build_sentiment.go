package main

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"cashtag/services/sentiment"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/setting"
)

// buildSentiment runs the scorers that the setting scorer names, each on a durable
// of its own. A scorer is loaded when it is first chosen.
func (p *platform) buildSentiment(ctx context.Context, s *service) error {
	s.gate = p.flags.Gate(s.name, true)
	if len(p.consumersOf(s.name)) == 0 {
		s.run = func(context.Context) error { return nil }
		return nil
	}
	choice, err := p.chosenScorers(ctx, s)
	if err != nil {
		return err
	}
	runners := make(map[string]*atomic.Pointer[durable.Runner])
	scorerOf := make(map[streams.Consumer]string)
	for _, scorer := range sentiment.ScorerNames() {
		runner, consumer := &atomic.Pointer[durable.Runner]{}, sentiment.ConsumerOf(scorer)
		runners[scorer], scorerOf[consumer] = runner, scorer
		s.readers = append(s.readers, reader{consumer: consumer, activity: func() durable.Stats {
			if open := runner.Load(); open != nil {
				return open.Stats()
			}
			return durable.Stats{}
		}})
	}
	open := func(_ context.Context, scorer string, gate durable.Gate, late bool) (sentiment.Runner, error) {
		opened, _, err := sentiment.Open(scorer)
		if err != nil {
			return nil, err
		}
		cfg := durable.DefaultConfig(sentiment.ConsumerOf(scorer))
		cfg.Alone, cfg.MaxBatch, cfg.FromNow = p.alone, 500, late
		runner, err := durable.New(s.client, s.publisher, sentiment.New(opened, s.publisher), gate, s.logger, cfg)
		if err != nil {
			return nil, err
		}
		runners[scorer].Store(runner)
		return runner, nil
	}
	scorers := sentiment.NewService(choice, s.gate, open)
	s.active = func(consumer streams.Consumer) bool { return scorers.Chosen(scorerOf[consumer]) }
	s.run = scorers.Run
	return nil
}

// chosenScorers watches the setting. Its bucket must be there.
func (p *platform) chosenScorers(ctx context.Context, s *service) (sentiment.Choice, error) {
	cfg := setting.DefaultConfig("AAPL") // the other settings are not this service's
	cfg.Sources = []string{streams.ServiceTwitter, streams.ServiceBluesky, streams.ServiceStocks}
	cfg.Scorers, cfg.Scorer = sentiment.ScorerNames(), []string{sentiment.DefaultScorer}
	set, err := setting.Open(ctx, s.client, s.logger, cfg)
	if err != nil {
		return nil, fmt.Errorf("open settings: %w: `cashtag streams apply` creates the topology", err)
	}
	s.close = func(context.Context) { set.Close() }
	return set.Scorer(), nil
}

// activeReaders are the consumers of a service that are to run.
func (s *service) activeReaders() []reader {
	if s.active == nil {
		return s.readers
	}
	return slices.DeleteFunc(slices.Clone(s.readers), func(r reader) bool { return !s.active(r.consumer) })
}
