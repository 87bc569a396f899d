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
		Scores: []schemas.ModelScore{{Metric: "brier", Value: 0.24, Baseline: 0.25, Rows: 9, Days: 9}},
		By:     "test", StatedAt: time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC),
	}
	return schemas.New(schemas.ModelID(m), "/services/analysis", m.Name, m.StatedAt, m)
}

func TestScores(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	empty := c.cashtag(t, "scores")
	empty.want(t, exitDone, "there are no outcomes yet")
	c.publish(t, append(wrong(10), trainedModel())...)

	table := c.cashtag(t, "scores")
	table.want(t, exitDone, "")
	text := strings.Join(strings.Fields(table.out), " ")
	for _, want := range []string{
		"MODEL VERSION TARGET METRIC LIVE INTERVAL BASELINE TRAINED ROWS DAYS",
		"wrong 1 direction accuracy 0.0000 0.0000 to 0.0000",
		"wrong 1 direction brier 0.8100 0.8100 to 0.8100 0.2500 0.2400 10 10",
		`wrong 1, direction: worse than its baseline, beyond the interval; 10 of the 250 days that a claim needs; drifted from training: ["brier"]`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant %q in it", table.out, want)
		}
	}

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
		t.Errorf("got %+v, want one model that is worse", report.Scores)
	}
}
