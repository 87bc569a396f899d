package outcomes_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/outcomes"
	"cashtag/streams/merge"
)

// seen is a model that read two columns, each with two bins of one half in training.
func seen() *schemas.Model {
	return &schemas.Model{
		Name: "test", Version: "1", Verb: schemas.VerbTrained, Object: "models/test/1", ArtefactHash: strings.Repeat("0", 64),
		DataHash: "0", FeatureSchema: strings.Repeat("0", 16), CodeVersion: "1", Target: "direction", Window: "preopen", HorizonS: 23400,
		Columns: []schemas.ModelColumn{
			{Name: "posts_log", Cuts: []float64{1}, Rows: []int64{300, 300, 0}, Days: 60, Noise: 0.01},
			{Name: "posts_z", Cuts: []float64{1}, Rows: []int64{300, 300, 0}, Days: 60, Noise: 0.01},
		},
		Scores: []schemas.ModelScore{}, By: "test", StatedAt: openOf(0),
	}
}

// ledger is MODELS with one model, which is away for the first few times.
func ledger(t *testing.T, away int) outcomes.Ledger {
	t.Helper()
	m := seen()
	data, err := json.Marshal(schemas.New(schemas.ModelID(m), "/services/analysis", m.Name, m.StatedAt, m))
	if err != nil {
		t.Fatal(err)
	}
	return func(_ context.Context, _ uint64, each func(uint64, []byte)) (uint64, error) {
		if away--; away >= 0 {
			return 0, errors.New("no responders")
		}
		each(1, []byte("no event"))
		each(2, data)
		return 2, nil
	}
}

// saw is a prediction from a vector whose values are in these bins.
func saw(day, ticker int, bins string) schemas.Event {
	at := openOf(day)
	event := predict("direction", "preopen", fmt.Sprintf("T%d", ticker), at, closeOf(day), 1)
	event.Data.(*schemas.Prediction).Bins = bins
	return event
}

// shifted is days of ten tickers whose first column is as in training and whose second
// is nearly always in the second bin.
func shifted(days int) []schemas.Event {
	var events []schemas.Event
	for day := range days {
		for ticker := range 10 {
			second := '1'
			if ticker == day%10 {
				second = '0'
			}
			events = append(events, saw(day, ticker, fmt.Sprintf("%d%c", (day+ticker)%2, second)))
		}
	}
	return events
}

func TestDriftIsSaidOnceADay(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		events []schemas.Event
		most   float64
		away   int
		want   int // of posts_z; nothing is to be said of posts_log
	}{
		"drifted":                {shifted(23), 0.25, 0, 3}, // 20, 21 and 22 days are over
		"few days":               {shifted(20), 0.25, 0, 0},
		"a higher bound":         {shifted(23), 1, 0, 0},
		"a lower bound":          {shifted(23), 0.1, 0, 3},
		"models away":            {shifted(23), 0.25, 3, 3},
		"nothing to go by":       {slices.Repeat([]schemas.Event{saw(0, 1, "")}, 30), 0.25, 0, 0},
		"more bins than columns": {each(shifted(23), func(p *schemas.Prediction) { p.Bins += "0" }), 0.25, 0, 3},
		"fewer bins":             {each(shifted(23), func(p *schemas.Prediction) { p.Bins = p.Bins[:1] }), 0.25, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logged strings.Builder
			cfg := outcomes.DefaultConfig()
			cfg.MostPSI = test.most
			h, err := outcomes.NewHandler(cfg, ledger(t, test.away), slog.New(slog.NewTextHandler(&logged, nil)))
			if err != nil {
				t.Fatal(err)
			}
			run(t, h, true, test.events...)
			if got := strings.Count(logged.String(), `drifted from training" model=test version=1 feature=posts_z`); got != test.want {
				t.Errorf("said %d times, want %d: %s", got, test.want, logged.String())
			}
			if strings.Contains(logged.String(), "feature=posts_log") {
				t.Errorf("got %s, want nothing of a feature that is as it was", logged.String())
			}
			if got, want := strings.Count(logged.String(), "models cannot be read"), min(test.away, 1); got != want {
				t.Errorf("said %d times that models are away, want %d", got, want)
			}
		})
	}
}

func each(events []schemas.Event, edit func(*schemas.Prediction)) []schemas.Event {
	for _, event := range events {
		edit(event.Data.(*schemas.Prediction))
	}
	return events
}

// TestDriftIsOfTheLastRevisions gives the same vectors in two orders of their revisions
// and with a restart after each: what is counted is the same.
func TestDriftIsOfTheLastRevisions(t *testing.T) {
	t.Parallel()
	final := shifted(30)
	var ascending, descending []schemas.Event
	for at, event := range final {
		p := *event.Data.(*schemas.Prediction)
		p.Revision, p.Bins = 0, "--"
		first := schemas.New(schemas.PredictionID(&p), event.Source, p.Ticker, p.PredictedAt, &p)
		ascending = append(ascending, first, event)
		descending = append(descending, event, first)
		if at > 20 { // a correction that comes two days late
			descending = append(descending, final[at-20])
		}
	}
	want := outcomes.NewDrift()
	for _, event := range final {
		want.Add(event.Data.(*schemas.Prediction))
	}
	if got := want.Of(seen()); len(got) != 2 || got[1].Rows != 300 || got[1].Days != 30 || got[1].Index < 0.25 || got[0].Index > 0.01 {
		t.Fatalf("got %+v, want 300 rows of 30 days and a drift of the second column", got)
	}
	for name, events := range map[string][]schemas.Event{"ascending": ascending, "descending": descending} {
		got := outcomes.NewDrift()
		for _, event := range events {
			got.Add(event.Data.(*schemas.Prediction))
			snapshot, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			got = outcomes.NewDrift()
			if err := json.Unmarshal(snapshot, got); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(got.Of(seen()), want.Of(seen())) {
			t.Errorf("%s: got %+v, want %+v", name, got.Of(seen()), want.Of(seen()))
		}
	}
	if got := want.Of(&schemas.Model{Name: "test", Version: "2"}); got != nil {
		t.Errorf("got %+v of a version that never predicted, want nothing", got)
	}
}

// On a replay a model predicts from days that it was trained on, which are no news.
func TestDriftLeavesOutWhatAModelWasTrainedOn(t *testing.T) {
	t.Parallel()
	m, drift := seen(), outcomes.NewDrift()
	m.Version = closeOf(9).Format("20060102") + "-abcdef01"
	for _, event := range each(shifted(30), func(p *schemas.Prediction) { p.Version = m.Version }) {
		drift.Add(event.Data.(*schemas.Prediction))
	}
	if got := drift.Of(m); len(got) != 2 || got[1].Days != 20 || got[1].Rows != 200 {
		t.Errorf("got %+v, want the 20 days after the training alone", got)
	}
}

func TestWhatDriftKeepsIsBounded(t *testing.T) {
	t.Parallel()
	h := handler(t, nil)
	for day := range 200 {
		for n := range 3 {
			h.Apply(merge.Item{Event: saw(day, n, "01-")})
		}
		event := saw(day, 0, "0")
		event.Data.(*schemas.Prediction).Version = fmt.Sprintf("v%d", day) // a version a day
		h.Apply(merge.Item{Event: event})
	}
	snapshot, _, err := h.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var st struct {
		Drift struct {
			Versions map[string]struct{ Days, Open map[string]json.RawMessage }
		}
	}
	if err := json.Unmarshal(snapshot, &st); err != nil {
		t.Fatal(err)
	}
	one := st.Drift.Versions["test:1"]
	if len(st.Drift.Versions) != 64 || len(one.Days) != 55 || len(one.Open) != 5 {
		t.Errorf("kept %d versions, of one %d days and %d that are open, want 64, 55 and 5",
			len(st.Drift.Versions), len(one.Days), len(one.Open))
	}
}

// Drift of a day that is not over yet is nothing to say, whatever the clock is.
func TestDriftGoesByItsOwnTime(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	h, err := outcomes.NewHandler(outcomes.DefaultConfig(), ledger(t, 0), slog.New(slog.NewTextHandler(&logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	run(t, h, true, slices.Concat([]schemas.Event{tick(closeOf(200))}, shifted(20), []schemas.Event{tick(closeOf(200).Add(time.Hour))})...)
	if logged.Len() > 0 && strings.Contains(logged.String(), "drifted") {
		t.Errorf("got %s of 19 days that are over, want nothing", logged.String())
	}
	run(t, h, true, saw(20, 1, "00"))
	if got := strings.Count(logged.String(), "drifted"); got != 1 {
		t.Errorf("said %d times once 20 days are over, want 1", got)
	}
}
