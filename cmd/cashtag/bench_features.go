//go:build !external

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"cashtag/internal/demo"
	"cashtag/schemas"
	"cashtag/services/features"
	"cashtag/services/sentiment"
)

// benchFeaturesCommand measures the state that features are made from, without the
// streams around it.
type benchFeaturesCommand struct {
	Days int  `default:"10" help:"How often the demo's day is counted, from 1 to 1000."`
	JSON bool `name:"json" help:"Print one JSON object instead of a line."`
}

// Help implements kong.HelpProvider.
func (benchFeaturesCommand) Help() string {
	return `
Posts, a score of each, bars and the clock of the demo's day go through the state, one day after the other, each into an empty one. Events per second are per second of CPU time, memory management included.

  cashtag bench features --days 100`
}

// featuresReport is what was measured.
type featuresReport struct {
	Events     int     `json:"events"`
	Vectors    uint64  `json:"vectors"`
	CPUSeconds float64 `json:"cpu_s"`
	EventsPerS float64 `json:"events_per_s"` // of CPU time, so per core
	PeakBytes  uint64  `json:"peak_bytes"`
}

// Run implements the command.
func (c benchFeaturesCommand) Run(ctx context.Context, console Console) error {
	if c.Days < 1 || c.Days > 1000 {
		return usageError("--days is %d: must be from 1 to 1000", c.Days)
	}
	ctx, stop := interruptible(ctx, console)
	defer stop()
	cfg := features.DefaultConfig()
	events, err := scoredDemo(ctx, &cfg)
	if err != nil {
		return err
	}
	before, err := processUsage()
	if err != nil {
		return err
	}
	report := featuresReport{}
	for range c.Days {
		stats, err := features.Aggregate(cfg, func(yield func(schemas.Event, error) bool) {
			for _, event := range events {
				if !yield(event, ctx.Err()) {
					return
				}
			}
		}, func(schemas.Event) {})
		if ctx.Err() != nil {
			return exitError{exitInterrupted, errInterrupted.Error()}
		}
		if err != nil {
			return err
		}
		report.Vectors += stats.Vectors
		report.Events += len(events)
	}
	after, err := processUsage()
	if err != nil {
		return err
	}
	report.CPUSeconds, report.PeakBytes = (after.cpu - before.cpu).Seconds(), after.peak
	report.EventsPerS = float64(report.Events) / max(report.CPUSeconds, time.Millisecond.Seconds())
	if c.JSON {
		return json.NewEncoder(console.Out).Encode(report)
	}
	_, err = fmt.Fprintf(console.Out, "features: %.0f events/s/core: %d events, %d vectors, %.2f s of CPU time, peak %d MB\n",
		report.EventsPerS, report.Events, report.Vectors, report.CPUSeconds, report.PeakBytes>>20)
	return err
}

// scoredDemo is the demo's day with a score of each post and ticker.
func scoredDemo(ctx context.Context, cfg *features.Config) ([]schemas.Event, error) {
	day, err := demo.New()
	if err != nil {
		return nil, err
	}
	scorer := sentiment.NewVader()
	var events []schemas.Event
	for event, err := range day.Events() {
		if err != nil {
			return nil, err
		}
		events = append(events, event)
		tweet, ok := event.Data.(*schemas.Tweet)
		if !ok {
			continue
		}
		score, err := scorer.Score(ctx, tweet.Text)
		if err != nil {
			return nil, fmt.Errorf("score post %s: %w", event.ID, err)
		}
		cfg.Scorer, cfg.ScorerVersion = score.Scorer, score.Version
		for _, ticker := range tweet.Tickers {
			id := schemas.SentimentID(event.ID, ticker, score.Scorer, score.Version)
			events = append(events, schemas.New(id, schemas.SourceDemoSentiment, ticker, event.Time, &schemas.Sentiment{
				TweetID: event.ID, Ticker: ticker, PostedAt: tweet.CreatedAt, Scorer: score.Scorer, Version: score.Version,
				Label: score.Label, Probability: score.Probability, FromStream: "TWEETS", FromSequence: 1,
			}))
		}
	}
	return events, nil
}
