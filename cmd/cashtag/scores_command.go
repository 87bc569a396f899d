package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"cashtag/internal/model"
	"cashtag/schemas"
	"cashtag/services/outcomes"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

type scoresCommand struct {
	Model string  `placeholder:"NAME" help:"One model alone."`
	PSI   float64 `name:"psi" default:"0.25" help:"Population stability index from which on a feature has drifted (${default})."`
	JSON  bool    `name:"json" help:"Print one JSON object."`
}

// Help implements kong.HelpProvider.
func (scoresCommand) Help() string {
	return `
For each version of a model and target: what its live predictions were worth once their outcomes were known, with 95 percent intervals drawn day by day, beside the baseline that knows nothing, and beside what it was worth in training where MODELS has that. A model that a figure of its training lies outside of the live interval of has drifted. So has a feature whose values of the last 60 trading days are spread otherwise than in training: a population stability index (psi) above the bound, and above what chance passes one time in a hundred with days as few. Fewer than 250 days support no claim, and the table says so.

` + "`cashtag scores` and `cashtag models scores`" + ` are the same.

  cashtag models scores
  cashtag models scores --model direction-features
  cashtag models scores --json | jq '.scores[] | {model, target, says}'
  cashtag models scores --json | jq '.scores[].features[] | select(.drifted)'`
}

// maxScored bounds the outcomes that are read into memory.
const maxScored = 2_000_000

// Run scores what is in OUTCOMES.
func (c scoresCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	if !(c.PSI > 0) {
		return usageError("--psi is %v: must be above 0, such as %v", c.PSI, outcomes.DefaultMostPSI)
	}
	filter := "outcomes.>"
	if c.Model != "" {
		if err := schemas.ValidSourceToken(c.Model); err != nil { // a model's name looks the same
			return usageError("--model is %q: must be a model's name such as direction-features", shortened(printable(c.Model), 40))
		}
		filter = "outcomes." + c.Model + ".>"
	}
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		live, err := liveScores(ctx, console, client, filter)
		if err != nil {
			return err
		}
		models, err := statedModels(ctx, client)
		if err != nil {
			return err
		}
		drift, err := liveDrift(ctx, client, strings.Replace(filter, "outcomes.", "predictions.", 1))
		if err != nil {
			return err
		}
		report := scoresReport(undecided(live, models, drift), models, drift, c.PSI)
		if c.JSON {
			return json.NewEncoder(console.Out).Encode(map[string][]scoredModel{"scores": report})
		}
		if len(report) == 0 {
			newAsides(console).say("there are no outcomes yet: a prediction has one once its horizon has passed")
			return nil
		}
		if err := printScores(console, report); err != nil {
			return err
		}
		return printDrift(console, report, c.PSI)
	})
}

// liveScores scores the outcomes on a filter.
func liveScores(ctx context.Context, console Console, client *streams.Client, filter string) ([]outcomes.Scored, error) {
	var known []*schemas.Outcome
	strange := 0
	err := eachStored(ctx, client, streams.Outcomes, filter, func(event schemas.Event) error {
		outcome, ok := event.Data.(*schemas.Outcome)
		if !ok || event.Validate() != nil {
			strange++
			return nil
		}
		if known = append(known, outcome); len(known) > maxScored {
			return fmt.Errorf("more than %d outcomes: choose one with --model", maxScored)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if strange > 0 {
		newAsides(console).say("%d messages of %s are no outcomes and were left out", strange, streams.Outcomes)
	}
	return outcomes.Score(known), nil
}

// eachStored reads all of a stream's events on a filter. What is no event has no data.
func eachStored(ctx context.Context, client *streams.Client, stream, filter string, each func(schemas.Event) error) error {
	filtered := jetstream.OrderedConsumerConfig{FilterSubjects: []string{filter}}
	return eachMessage(ctx, client, stream, filtered, func(data []byte) error {
		event, _ := schemas.Decode(data) // what is none has no data
		return each(event)
	})
}

// scoredModel is a model's live scores beside those of its training.
type scoredModel struct {
	outcomes.Scored

	Trained []schemas.ModelScore `json:"trained"`
	Drifted []string             `json:"drifted"` // metrics whose live interval does not hold the figure of training

	Features []featureDrift `json:"features"` // empty where training is not known
}

func scoresReport(live []outcomes.Scored, models stated, drift *outcomes.Drift, most float64) []scoredModel {
	report := []scoredModel{}
	for _, s := range live {
		told := models.of(&s)
		m := scoredModel{Scored: s, Trained: []schemas.ModelScore{}, Drifted: []string{}, Features: drifts(told, drift, most)}
		if told != nil {
			m.Trained = told.Scores
		}
		for _, metric := range s.Metrics {
			was, ok := m.trained(metric.Metric)
			if ok && metric.Low != nil && metric.High != nil && (was < *metric.Low || was > *metric.High) {
				m.Drifted = append(m.Drifted, metric.Metric)
			}
		}
		report = append(report, m)
	}
	return report
}

// trained is what a metric was in training.
func (m *scoredModel) trained(metric string) (float64, bool) {
	at := slices.IndexFunc(m.Trained, func(s schemas.ModelScore) bool { return s.Metric == metric })
	if at < 0 {
		return 0, false
	}
	return m.Trained[at].Value, true
}

// printScores writes a table and a sentence a model.
func printScores(console Console, report []scoredModel) error {
	table := newGrid("MODEL", "VERSION", "TARGET", "METRIC", "LIVE", "INTERVAL", "BASELINE", "TRAINED", "ROWS", "DAYS")
	for i := range report {
		m := &report[i]
		for _, metric := range m.Metrics {
			trained := said("-")
			if was, ok := m.trained(metric.Metric); ok {
				trained = said(fmt.Sprintf("%.4f", was))
			}
			if slices.Contains(m.Drifted, metric.Metric) {
				trained = trained.toned(toneHead)
			}
			table.add(said(m.Model), said(m.Version), said(m.Target), said(metric.Metric), said(fmt.Sprintf("%.4f", metric.Value)),
				said(bounds(metric)), said(fmt.Sprintf("%.4f", metric.Baseline)), trained,
				counted(uint64(metric.Rows)), counted(uint64(metric.Days)))
		}
	}
	if err := table.print(console); err != nil {
		return err
	}
	for i := range report {
		m := &report[i]
		line := fmt.Sprintf("\n%s %s, %s: %s", m.Model, m.Version, m.Target, m.Says)
		if len(m.Drifted) > 0 {
			line += fmt.Sprintf("; drifted from training: %q", m.Drifted)
		}
		line += m.features()
		if _, err := fmt.Fprint(console.Out, line); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(console.Out)
	return err
}

// bounds is an interval for people.
func bounds(metric model.Score) string {
	if metric.Low == nil || metric.High == nil {
		return "-"
	}
	return fmt.Sprintf("%.4f to %.4f", *metric.Low, *metric.High)
}
