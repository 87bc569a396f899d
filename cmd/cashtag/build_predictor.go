package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cashtag/internal/window"
	"cashtag/services/archive"
	"cashtag/services/features"
	"cashtag/services/predictor"
	"cashtag/streams"
	"cashtag/streams/durable"
)

// modelsPoll is how often MODELS is looked at, so that a promotion holds within a
// second.
const modelsPoll = 500 * time.Millisecond

// buildPredictor predicts with the models that are promoted, whose files are in the
// archive's bucket, from the vectors that buildFeatures makes.
func (p *platform) buildPredictor(ctx context.Context, s *service, cfg archive.Config) error {
	s.gate = p.flags.Gate(s.name, true)
	store, err := openModels(ctx, cfg)
	if err != nil {
		return err
	}
	choice, err := p.chosenScorers(ctx, s)
	if err != nil {
		return err
	}
	scorer, version, err := countedScorer(ctx, choice.List())
	if err != nil {
		return err
	}
	predicting := predictor.Config{Schemas: make(map[string]string)}
	for _, kind := range window.Kinds() {
		predicting.Schemas[kind.String()] = features.Schema(kind, scorer, version)
	}
	service := predictor.New(modelsLedger(s.client), store, s.publisher, s.logger, predicting)
	err = p.read(s, func(string) (durable.Sink, error) { return service.Sink(), nil }, func(cfg *durable.Config) { cfg.MaxBatch = 500 })
	if err != nil {
		return err
	}
	runner := runnerFunc(s.run)
	s.run = func(ctx context.Context) error {
		ticker := time.NewTicker(modelsPoll)
		defer ticker.Stop()
		return service.Run(ctx, runner, ticker.C)
	}
	return nil
}

type runnerFunc func(ctx context.Context) error

// Run implements predictor.Runner.
func (f runnerFunc) Run(ctx context.Context) error { return f(ctx) }

// modelsLedger reads the stream MODELS.
func modelsLedger(client *streams.Client) predictor.Ledger {
	return func(ctx context.Context, after uint64, each func(uint64, []byte)) (uint64, error) {
		return streams.ReadSince(ctx, client, streams.Models, after, each)
	}
}

// modelObjects keeps the files of models in the archive's bucket.
type modelObjects struct{ archive.Objects }

// openModels looks for the bucket.
func openModels(ctx context.Context, cfg archive.Config) (modelObjects, error) {
	store, err := archive.NewStore(ctx, cfg)
	if err != nil {
		return modelObjects{}, err
	}
	if err := store.Ensure(ctx); err != nil {
		return modelObjects{}, err
	}
	return modelObjects{archive.NewObjects(store)}, nil
}

// Get implements predictor.ObjectStore.
func (o modelObjects) Get(ctx context.Context, name string, limit int64) ([]byte, error) {
	data, err := o.Objects.Get(ctx, name, limit)
	if errors.Is(err, archive.ErrNoObject) {
		return nil, fmt.Errorf("%w: %w", predictor.ErrNoObject, err)
	}
	return data, err
}
