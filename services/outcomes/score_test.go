package outcomes_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/outcomes"
)

// outcome is one of a model named after how it predicts.
func outcome(name string, day int, ticker string, probability float64, happened bool) *schemas.Outcome {
	at, base := closeOf(0).AddDate(0, 0, day), 0.5
	return &schemas.Outcome{
		PredictionID: "p", Model: name, Version: "1", Target: "direction", Ticker: ticker, Window: "day",
		PredictedAt: at, DueAt: at.Add(24 * time.Hour), KnownAt: at.Add(24 * time.Hour),
		Probability: &probability, Baseline: &base, Happened: &happened,
	}
}

// live is days of three tickers by a model that is right so often.
func live(name string, days int, right float64) []*schemas.Outcome {
	r := rand.New(rand.NewPCG(1, 2))
	var found []*schemas.Outcome
	for day := range days {
		for _, ticker := range []string{"AAPL", "MSFT", "TSLA"} {
			happened := r.IntN(2) == 0
			probability := 0.2
			if happened == (r.Float64() < right) {
				probability = 0.8
			}
			found = append(found, outcome(name, day, ticker, probability, happened))
		}
	}
	return found
}

func TestScoreSaysWhatAModelIsWorth(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		days  int
		right float64
		worse bool
		says  string
	}{
		"good":      {300, 0.9, false, "better than its baseline, beyond the interval"},
		"bad":       {300, 0.3, true, "worse than its baseline, beyond the interval"},
		"good, few": {40, 0.9, false, "40 of the 250 days that a claim needs"},
		"bad, few":  {40, 0.2, true, "worse than its baseline, beyond the interval; 40 of the 250 days that a claim needs"},
		"very few":  {4, 0.1, false, "4 of the 250 days that a claim needs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := outcomes.Score(live("m", test.days, test.right))
			if len(got) != 1 || got[0].Worse != test.worse || got[0].Says != test.says {
				t.Fatalf("got %+v, want worse %t, %q", got, test.worse, test.says)
			}
			if got[0].Rows != 3*test.days || got[0].Days != test.days {
				t.Errorf("got %d rows of %d days, want %d of %d", got[0].Rows, got[0].Days, 3*test.days, test.days)
			}
			accuracy := got[0].Named()["accuracy"]
			if test.days >= 40 && math.Abs(accuracy.Value-test.right) > 0.12 {
				t.Errorf("accuracy is %.3f, want about %.1f", accuracy.Value, test.right)
			}
			if drawn := accuracy.Low != nil; drawn != (test.days >= 5) {
				t.Errorf("an interval was drawn of %d days: %t", test.days, drawn)
			}
		})
	}
}

// On a replay a model predicts days that it was trained on: what it is worth there says
// nothing, and is left out.
func TestScoreLeavesOutWhatTheModelWasTrainedOn(t *testing.T) {
	t.Parallel()
	all := live("m", 40, 0.3)
	for _, o := range all {
		o.Version = closeOf(0).AddDate(0, 0, 10).Format("20060102") + "-abcdef01" // the first ten are due by then
	}
	got := outcomes.Score(all)
	if len(got) != 1 || got[0].Rows != 90 || got[0].Days != 30 || got[0].Seen != 30 {
		t.Fatalf("got %+v, want 90 rows of 30 days, and 30 left out", got)
	}
	if want := "30 outcomes of days that it was trained on are left out"; !strings.HasSuffix(got[0].Says, want) {
		t.Errorf("got %q, want %q at its end", got[0].Says, want)
	}
	got = outcomes.Score(all[:30])
	if want := "all 30 outcomes are of days that it was trained on"; len(got) != 1 || got[0].Says != want || len(got[0].Metrics) != 0 {
		t.Errorf("got %+v, want %q and no metric", got, want)
	}
}

func TestScoreCountsOneRevision(t *testing.T) {
	t.Parallel()
	wrong, right := outcome("m", 0, "AAPL", 0.1, true), outcome("m", 0, "AAPL", 0.9, true)
	right.Revision = 1
	neither := outcome("m", 0, "MSFT", 0.9, true)
	neither.Happened = nil
	for _, order := range [][]*schemas.Outcome{{wrong, right, neither}, {neither, right, wrong}} {
		got := outcomes.Score(order)
		if len(got) != 1 || got[0].Rows != 1 || got[0].Neither != 1 || got[0].Named()["accuracy"].Value != 1 {
			t.Errorf("got %+v, want one row that is right, and one that is neither", got)
		}
	}
}

func TestScoreOfANumber(t *testing.T) {
	t.Parallel()
	var rows []*schemas.Outcome
	for day := range 10 {
		o := outcome("volume", day, "AAPL", 0, false)
		value, base := 0.5, 0.0
		o.Target, o.Probability, o.Happened, o.Value, o.Baseline, o.Realised = "abnormal_volume", nil, nil, &value, &base, 1
		rows = append(rows, o)
	}
	*rows[0].Value, *rows[1].Value = 0.4, 0.6 // of the same mean, and no further from the truth together
	got := outcomes.Score(rows)[0]
	named := got.Named()
	if gap := named["calibration"]; math.Abs(gap.Value+0.5) > 1e-9 || gap.Baseline != -1 || named["slope"].Value != 0 {
		t.Errorf("got %+v and %+v, want forecasts that are .5 too low whatever they are", gap, named["slope"])
	}
	if mse := got.Named()["mse"]; math.Abs(mse.Value-0.252) > 1e-9 || mse.Baseline != 1 || math.Abs(got.Excess.Value+0.748) > 1e-9 || !strings.HasPrefix(got.Says, "10 of the 250") {
		t.Errorf("got %+v, want a squared error of .252 beside 1", got)
	}
}
