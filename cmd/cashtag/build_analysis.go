package main

import (
	"context"
	"fmt"

	"cashtag/services/analysis/retrain"
	"cashtag/services/archive"
	"cashtag/services/sentiment"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/setting"
)

// buildAnalysis trains models again after the market's close. Rows are made of what the
// archive and the streams hold, by the scorer that buildFeatures counts; files go where
// those of `cashtag models push` go.
func (p *platform) buildAnalysis(ctx context.Context, s *service, cfg archive.Config, again retraining) error {
	if len(again.service.Files) == 0 {
		return usageError("service analysis has nothing to train: name files by --retrain")
	}
	s.gate = p.flags.Gate(s.name, true)
	store, err := archive.NewStore(ctx, cfg)
	if err != nil {
		return err
	}
	if err := store.Ensure(ctx); err != nil {
		return err
	}
	set, err := openRetrainSettings(ctx, s, again.every)
	if err != nil {
		return err
	}
	s.close = func(context.Context) { set.Close() }
	scorer, _, err := countedScorer(ctx, set.Scorer().List())
	if err != nil {
		return err
	}
	rows := historyRows{client: s.client, store: store, scorer: scorer, notes: &asides{out: &noteWriter{logger: s.logger}}}
	models := modelShelf{ledger: modelsLedger(s.client), store: modelObjects{archive.NewObjects(store)}, publisher: s.publisher}
	sink, err := retrain.New(again.service, rows, models, retrainSettings{set}, s.logger)
	if err != nil {
		return err
	}
	reading := durable.DefaultConfig(streams.Consumer{Service: s.name + "-retrain", Stream: streams.Market})
	// What is trained is given up at the end and done again: it may take longer than
	// anybody waits. Closes of before the first start are not made up for.
	reading.Alone, reading.FromNow, reading.MaxBatch, reading.Grace = p.alone, true, 100, 0
	runner, err := durable.New(s.client, s.publisher, sink, s.gate, s.logger, reading)
	if err != nil {
		return err
	}
	s.readers = append(s.readers, reader{consumer: runner.Consumer(), activity: runner.Stats})
	s.run = runner.Run
	return nil
}

// openRetrainSettings watches the settings. Their bucket must be there.
func openRetrainSettings(ctx context.Context, s *service, every int) (*setting.Set, error) {
	cfg := setting.DefaultConfig("AAPL") // the tickers are not this service's
	cfg.Sources = []string{streams.ServiceTwitter, streams.ServiceBluesky, streams.ServiceStocks}
	cfg.Scorers, cfg.Scorer, cfg.Retrain = sentiment.ScorerNames(), []string{sentiment.DefaultScorer}, every
	set, err := setting.Open(ctx, s.client, s.logger, cfg)
	if err != nil {
		return nil, fmt.Errorf("open settings: %w: `cashtag streams apply` creates the topology", err)
	}
	return set, nil
}

// retrainSettings are the settings that this service goes by.
type retrainSettings struct{ set *setting.Set }

// Every implements retrain.Settings.
func (r retrainSettings) Every() int { return r.set.Retrain() }

// Rule implements retrain.Settings.
func (r retrainSettings) Rule() string { return r.set.Promote() }
