package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"cashtag/internal/model"
	"cashtag/schemas"
	"cashtag/services/outcomes"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

type scoresCommand struct {
	Model string `placeholder:"NAME" help:"One model alone."`
	JSON  bool   `name:"json" help:"Print one JSON object."`
}

// Help implements kong.HelpProvider.
func (scoresCommand) Help() string {
	return `
For each version of a model and target: what its live predictions were worth once their outcomes were known, with 95 percent intervals drawn day by day, beside the baseline that knows nothing, and beside what it was worth in training where MODELS has that. A model that a figure of its training lies outside of the live interval of has drifted. Fewer than 250 days support no claim, and the table says so.

  cashtag scores
  cashtag scores --model direction-features
  cashtag scores --json | jq '.scores[] | {model, target, says}'`
}

// maxScored bounds the outcomes that are read into memory.
const maxScored = 2_000_000

// Run scores what is in OUTCOMES.
func (c scoresCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	filter := "outcomes.>"
	if c.Model != "" {
		if err := schemas.ValidSourceToken(c.Model); err != nil { // a model's name looks the same
			return usageError("--model is %q: must be a model's name such as direction-features", shortened(printable(c.Model), 40))
		}
		filter = "outcomes." + c.Model + ".>"
	}
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
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
			return err
		}
		trained, err := trainedScores(ctx, client)
		if err != nil {
			return err
		}
		if strange > 0 {
			newAsides(console).say("%d messages of %s are no outcomes and were left out", strange, streams.Outcomes)
		}
		report := scoresReport(outcomes.Score(known), trained)
		if c.JSON {
			return json.NewEncoder(console.Out).Encode(map[string][]scoredModel{"scores": report})
		}
		if len(report) == 0 {
			newAsides(console).say("there are no outcomes yet: a prediction has one once its horizon has passed")
			return nil
		}
		return printScores(console, report)
	})
}

// eachStored reads all of a stream's events on a filter. What is no event has no data.
func eachStored(ctx context.Context, client *streams.Client, stream, filter string, each func(schemas.Event) error) error {
	consumer, err := client.JS.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{FilterSubjects: []string{filter}})
	if err != nil {
		return fmt.Errorf("read %s: %w", stream, err)
	}
	pending := consumer.CachedInfo().NumPending
	if pending == 0 {
		return nil
	}
	messages, err := consumer.Messages()
	if err != nil {
		return fmt.Errorf("read %s: %w", stream, err)
	}
	defer messages.Stop()
	for pending > 0 {
		patience, cancel := context.WithTimeout(ctx, countsPatience)
		message, err := messages.Next(jetstream.NextContext(patience))
		cancel()
		if err != nil {
			return fmt.Errorf("read %s: %w", stream, err)
		}
		event, _ := schemas.Decode(message.Data()) // what is none has no data
		if err := each(event); err != nil {
			return err
		}
		meta, err := message.Metadata()
		if err != nil {
			return fmt.Errorf("read %s: %w", stream, err)
		}
		pending = meta.NumPending
	}
	return nil
}

// trainedScores is what each version of a model was worth when it was made, by name
// and version.
func trainedScores(ctx context.Context, client *streams.Client) (map[string][]schemas.ModelScore, error) {
	found := make(map[string][]schemas.ModelScore)
	err := eachStored(ctx, client, streams.Models, "models.>", func(event schemas.Event) error {
		if m, ok := event.Data.(*schemas.Model); ok && len(m.Scores) > 0 {
			found[m.Name+" "+m.Version] = m.Scores
		}
		return nil
	})
	return found, err
}

// scoredModel is a model's live scores beside those of its training.
type scoredModel struct {
	outcomes.Scored

	Trained []schemas.ModelScore `json:"trained"`
	Drifted []string             `json:"drifted"` // metrics whose live interval does not hold the figure of training
}

func scoresReport(live []outcomes.Scored, trained map[string][]schemas.ModelScore) []scoredModel {
	report := []scoredModel{}
	for _, s := range live {
		m := scoredModel{Scored: s, Trained: trained[s.Model+" "+s.Version], Drifted: []string{}}
		if m.Trained == nil {
			m.Trained = []schemas.ModelScore{}
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
