package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cashtag/services/features"
	"cashtag/services/sentiment"
	"cashtag/streams/durable"
	"cashtag/streams/merge"
)

// buildFeatures makes vectors of what the streams hold, with the scores of one
// scorer: the default one where it is chosen, else the one that is named first.
func (p *platform) buildFeatures(ctx context.Context, s *service) error {
	s.gate = p.flags.Gate(s.name, true)
	choice, err := p.chosenScorers(ctx, s)
	if err != nil {
		return err
	}
	cfg := features.DefaultConfig()
	if cfg.Scorer, cfg.ScorerVersion, err = countedScorer(ctx, choice.List()); err != nil {
		return err
	}
	handler, err := features.NewHandler(cfg, s.logger)
	if err != nil {
		return err
	}
	vectors, err := merge.New(s.client, s.publisher, handler, s.gate, s.logger, features.Reading())
	if err != nil {
		return err
	}
	for _, consumer := range p.consumersOf(s.name) {
		s.readers = append(s.readers, reader{consumer: consumer, activity: func() durable.Stats { return vectors.Activity(consumer.Stream) }})
	}
	s.run = vectors.Run
	s.flush = func(ctx context.Context, stream string, upTo uint64) error {
		if !slices.Contains(features.Reading().Streams, stream) {
			return nil
		}
		if err := vectors.Flush(ctx, stream, upTo); !errors.Is(err, durable.ErrOff) {
			return err
		}
		return nil // the flag went off meanwhile: a consumer that is off is passed over
	}
	return nil
}

// countedScorer names the scorer whose scores are counted, and its version, which it
// says with each score.
func countedScorer(ctx context.Context, chosen []string) (name, version string, err error) {
	name = sentiment.DefaultScorer
	if len(chosen) > 0 && !slices.Contains(chosen, name) {
		name = chosen[0]
	}
	scorer, _, err := sentiment.Open(name)
	if err != nil {
		return "", "", err
	}
	score, err := scorer.Score(ctx, "")
	if err != nil {
		return "", "", fmt.Errorf("version of scorer %s: %w", name, err)
	}
	return score.Scorer, score.Version, nil
}
