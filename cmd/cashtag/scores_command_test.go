package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
)

// wrong is outcomes of a model that always says .9 of what never happens.
func wrong(days int) []schemas.Event {
	var events []schemas.Event
	for day := range days {
		at := time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC).AddDate(0, 0, day)
		probability, base, happened := 0.9, 0.5, false
		o := &schemas.Outcome{
			PredictionID: fmt.Sprintf("p%d", day), Model: "wrong", Version: "1", Target: "direction", Ticker: "AAPL", Window: "day",
			PredictedAt: at, DueAt: at.AddDate(0, 0, 1), KnownAt: at.AddDate(0, 0, 1),
			Probability: &probability, Baseline: &base, Happened: &happened, Realised: -0.01,
		}
		events = append(events, schemas.New(schemas.OutcomeID(o.PredictionID), schemas.ServiceSource("outcomes"), "AAPL", o.KnownAt, o))
	}
	return events
}

func trainedModel() schemas.Event {
	m := &schemas.Model{
		Name: "wrong", Version: "1", Verb: schemas.VerbTrained, Object: "models/wrong/1", ArtefactHash: strings.Repeat("0", 64),
		DataHash: "0", FeatureSchema: strings.Repeat("0", 16), CodeVersion: "1", Target: "direction", Window: "day", HorizonS: 86400,
		Scores: []schemas.ModelScore{{Metric: "brier", Value: 0.24, Baseline: 0.25, Rows: 9, Days: 9}, {Metric: "calibration", Value: 0.01}},
		Columns: []schemas.ModelColumn{
			{Name: "posts_log", Cuts: []float64{1}, Rows: []int64{50, 50, 0}, Days: 50},
			{Name: "posts_z", Cuts: []float64{1}, Rows: []int64{50, 50, 0}, Days: 50},
		},
		By: "test", StatedAt: time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC),
	}
	return schemas.New(schemas.ModelID(m), "/services/analysis", m.Name, m.StatedAt, m)
}

// seen is predictions from vectors whose first column is as in training, and whose
// second is always in its last bin.
func seen(name string, days int) []schemas.Event {
	var events []schemas.Event
	for day := range days {
		half := 0.5
		at := time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC).AddDate(0, 0, day)
		p := &schemas.Prediction{
			Model: name, Version: "1", Target: "direction", Ticker: "AAPL", Window: "day", PredictedAt: at, DueAt: at.AddDate(0, 0, 1),
			HorizonS: 86400, Probability: &half, Bins: fmt.Sprintf("%d1", day%2), FeatureID: "f",
		}
		events = append(events, schemas.New(schemas.PredictionID(p), schemas.ServiceSource("predictor"), "AAPL", at, p))
	}
	return events
}

func TestScores(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	empty := c.cashtag(t, "scores")
	empty.want(t, exitDone, "there are no outcomes yet")
	c.publish(t, append(wrong(10), trainedModel())...)
	c.publish(t, seen("wrong", 40)...)
	c.publish(t, seen("silent", 40)...) // nothing is known of its training

	table := c.cashtag(t, "scores")
	table.want(t, exitDone, "")
	text := strings.Join(strings.Fields(table.out), " ")
	for _, want := range []string{
		"MODEL VERSION TARGET METRIC LIVE INTERVAL BASELINE TRAINED ROWS DAYS",
		"wrong 1 direction accuracy 0.0000 0.0000 to 0.0000",
		"wrong 1 direction brier 0.8100 0.8100 to 0.8100 0.2500 0.2400 10 10",
		"wrong 1 direction calibration 0.9000 0.9000 to 0.9000 0.5000 0.0100 10 10",
		`wrong 1, direction: worse than its baseline, beyond the interval; 10 of the 250 days that a claim needs; ` +
			`drifted from training: ["brier" "calibration"]; 1 of 2 features drifted`,
		"MODEL VERSION FEATURE PSI CHANCE ROWS DAYS DRIFTED wrong 1 posts_z",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant %q in it", table.out, want)
		}
	}

	if strings.Contains(table.out, "posts_log") || strings.Contains(table.out, "silent") {
		t.Errorf("got\n%s\nwant nothing of what did not drift or is not known", table.out)
	}
	if again := c.cashtag(t, "models", "scores"); again.out != table.out {
		t.Errorf("models scores: got\n%s\nwant what scores says", again.out)
	}
	if above := c.cashtag(t, "models", "scores", "--psi", "5"); !strings.Contains(above.out, "0 of 2 features drifted") {
		t.Errorf("got\n%s\nwant no drift above 5", above.out)
	}
	c.cashtag(t, "scores", "--psi", "0").want(t, exitUsage, "--psi is 0: must be above 0")

	other := c.cashtag(t, "scores", "--model", "other", "--json")
	other.want(t, exitDone, "")
	if got := strings.TrimSpace(other.out); got != `{"scores":[]}` {
		t.Errorf("got %s, want no scores", got)
	}
	var report struct{ Scores []scoredModel }
	one := c.cashtag(t, "scores", "--json")
	if err := json.Unmarshal([]byte(one.out), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Scores) != 1 || !report.Scores[0].Worse || report.Scores[0].Rows != 10 {
		t.Fatalf("got %+v, want one model that is worse", report.Scores)
	}
	features := report.Scores[0].Features
	if len(features) != 2 || features[0].Drifted || !features[1].Drifted || features[1].Column != "posts_z" || features[1].Rows == 0 {
		t.Errorf("got %+v, want a drift of posts_z alone", features)
	}
}

// A model whose predictions have no outcome yet is in the report: what it predicts from
// may have drifted.
func TestScoresBeforeOutcomes(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.publish(t, append(seen("wrong", 40), trainedModel())...)
	ran := c.cashtag(t, "models", "scores")
	ran.want(t, exitDone, "")
	if want := "wrong 1, direction: no outcome is known yet; 1 of 2 features drifted"; !strings.Contains(ran.out, want) {
		t.Errorf("got\n%s\nwant %q in it", ran.out, want)
	}
}
