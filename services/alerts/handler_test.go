package alerts_test

import (
	"errors"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/alerts"
	"cashtag/streams/merge"
)

// opens are the opens of six sessions in a row, Monday to Monday.
func open(day int) time.Time {
	return time.Date(2026, 8, 17, 13, 30, 0, 0, time.UTC).AddDate(0, 0, day)
}

// vector is the time before an open, with a z and posts.
func vector(day int, ticker string, revision, posts int64, z float64) schemas.Event {
	before := open(day).Add(-17*time.Hour - 30*time.Minute) // the close before
	if open(day).Weekday() == time.Monday {
		before = before.AddDate(0, 0, -2)
	}
	return of(&schemas.Feature{
		Window: schemas.WindowPreopen, Ticker: ticker, StartAt: before, EndAt: open(day), Revision: revision,
		Counts: schemas.FeatureCounts{Posts: posts, Users: posts - 1},
	}, z)
}

// twenty is the 20 minutes before a moment, with nine posts and a z of 3.
func twenty(end time.Time) schemas.Event {
	return of(&schemas.Feature{
		Window: schemas.Window20m, Ticker: "AAPL", StartAt: end.Add(-20 * time.Minute), EndAt: end,
		Counts: schemas.FeatureCounts{Posts: 9, Users: 9},
	}, 3)
}

func of(f *schemas.Feature, z float64) schemas.Event {
	f.Schema, f.Scorer, f.ScorerVersion = strings.Repeat("0", 16), "cdipaolo", "1"
	f.Names = []string{"posts_z", "baseline_sessions", "negative_share", "repost_share", "price_volatility", "price_return"}
	f.Values = []float64{z, 5, 0.75, 0.25, 0.01, -0.03}
	return schemas.New(schemas.FeatureID(f), schemas.ServiceSource("features"), f.Ticker, f.EndAt, f)
}

func handler(t *testing.T, edit func(*alerts.Config)) *alerts.Handler {
	t.Helper()
	cfg := alerts.DefaultConfig()
	if edit != nil {
		edit(&cfg)
	}
	h, err := alerts.NewHandler(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// raised applies vectors and says which alerts they raise. Between any two of them the
// handler is restored from its snapshot where again is set.
func raised(t *testing.T, h *alerts.Handler, again bool, events ...schemas.Event) []string {
	t.Helper()
	var ids []string
	for i, event := range events {
		h.Apply(merge.Item{Stream: "FEATURES", Sequence: uint64(i + 1), Event: event})
		snapshot, made, err := h.Commit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, alert := range made {
			if err := alert.Validate(); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, alert.ID)
		}
		if !again {
			continue
		}
		if err := h.Restore(snapshot); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

func alertID(ticker string, end time.Time) string {
	return "alert:attention:" + ticker + ":" + end.Format(time.RFC3339)
}

func TestWhatStandsOut(t *testing.T) {
	t.Parallel()
	monday := open(0)
	for name, test := range map[string]struct {
		events []schemas.Event
		want   []string
	}{
		"stands out":            {[]schemas.Event{vector(0, "AAPL", 9, 5, 1.01)}, []string{alertID("AAPL", monday)}},
		"z not above":           {[]schemas.Event{vector(0, "AAPL", 9, 50, 1)}, nil},
		"too few posts":         {[]schemas.Event{vector(0, "AAPL", 9, 4, 3)}, nil},
		"a correction":          {[]schemas.Event{vector(0, "AAPL", 9, 5, 2), vector(0, "AAPL", 10, 6, 3)}, []string{alertID("AAPL", monday)}},
		"raised by the second":  {[]schemas.Event{vector(0, "AAPL", 9, 4, 2), vector(0, "AAPL", 10, 5, 3)}, []string{alertID("AAPL", monday)}},
		"the next day":          {[]schemas.Event{vector(0, "AAPL", 9, 5, 2), vector(1, "AAPL", 10, 6, 3)}, []string{alertID("AAPL", monday), alertID("AAPL", open(1))}},
		"another ticker":        {[]schemas.Event{vector(0, "AAPL", 9, 5, 2), vector(0, "BRK.B", 9, 6, 3)}, []string{alertID("AAPL", monday), alertID("BRK.B", monday)}},
		"corrected a day after": {[]schemas.Event{vector(1, "MSFT", 9, 5, 0), vector(0, "AAPL", 10, 6, 3)}, nil},
		"within the cooldown":   {[]schemas.Event{vector(0, "AAPL", 9, 5, 2), twenty(monday.Add(40 * time.Minute))}, []string{alertID("AAPL", monday)}},
		"after the cooldown": {
			[]schemas.Event{vector(0, "AAPL", 9, 5, 2), twenty(monday.Add(time.Hour))},
			[]string{alertID("AAPL", monday), alertID("AAPL", monday.Add(time.Hour))},
		},
		"older than the last alert": {[]schemas.Event{twenty(monday.Add(time.Hour)), vector(0, "AAPL", 9, 5, 2)}, []string{alertID("AAPL", monday.Add(time.Hour))}},
		"20 minutes of the night":   {[]schemas.Event{twenty(monday.Add(-3 * time.Hour))}, nil},
		"20 minutes before the open": {
			[]schemas.Event{twenty(monday)}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, again := range []bool{false, true} {
				got := raised(t, handler(t, nil), again, test.events...)
				if !reflect.DeepEqual(got, test.want) {
					t.Errorf("restored in between %t: got %q, want %q", again, got, test.want)
				}
			}
		})
	}
}

func TestEvidence(t *testing.T) {
	t.Parallel()
	h := handler(t, nil)
	// Four sessions are watched, of which one had no posts; z was made against five.
	raised(t, h, true, vector(-3, "AAPL", 1, 0, 0), vector(0, "AAPL", 1, 3, 0), vector(1, "AAPL", 1, 7, 0), vector(2, "AAPL", 1, 4, 0), vector(2, "AAPL", 2, 5, 0))
	h.Apply(merge.Item{Event: vector(3, "AAPL", 12, 40, 2.5)})
	_, made, err := h.Commit(t.Context())
	if err != nil || len(made) != 1 {
		t.Fatalf("got %d alerts, %v, want 1", len(made), err)
	}
	got := made[0].Data.(*schemas.Alert)
	want := schemas.Evidence{
		Posts: 40, Users: 39, Z: 2.5, BaselineSessions: 5, BaselineRead: 4, BaselineMean: 3.75,
		Reasons: []schemas.Reason{{Name: "negative_share", Value: 0.75}, {Name: "price_return", Value: -0.03}},
	}
	if !reflect.DeepEqual(got.Evidence, want) {
		t.Errorf("evidence:\ngot  %+v\nwant %+v", got.Evidence, want)
	}
	if f := vector(3, "AAPL", 12, 40, 2.5); got.FeatureID != f.ID || !made[0].Time.Equal(f.Time) {
		t.Errorf("got %s at %s, want %s at %s", got.FeatureID, made[0].Time, f.ID, f.Time)
	}
}

func TestAlertAboutSyntheticPostsIsSynthetic(t *testing.T) {
	t.Parallel()
	event := vector(0, "AAPL", 9, 5, 2)
	event.ID, event.Source = schemas.DemoPrefix+event.ID, schemas.SourceDemoFeatures
	if got, want := raised(t, handler(t, nil), false, event), "demo:"+alertID("AAPL", open(0)); len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTickersAreBounded(t *testing.T) {
	t.Parallel()
	h := handler(t, func(c *alerts.Config) { c.MaxTickers = 1 })
	if got := raised(t, h, true, vector(0, "AAPL", 9, 5, 2), vector(0, "MSFT", 9, 5, 2)); len(got) != 1 {
		t.Errorf("got %q, want one alert", got)
	}
}

func TestSnapshotIsBoundedAndDeterministic(t *testing.T) {
	t.Parallel()
	var snapshots [2][]byte
	for i := range snapshots {
		h := handler(t, nil)
		for day := range 90 {
			if weekday := open(day).Weekday(); weekday == time.Saturday || weekday == time.Sunday {
				continue
			}
			h.Apply(merge.Item{Event: vector(day, "AAPL", 1, 1, 0)})
			for ticker := range 9 {
				h.Apply(merge.Item{Event: vector(day, "T"+strconv.Itoa(ticker), 1, 1, 0)})
			}
		}
		var err error
		if snapshots[i], _, err = h.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if string(snapshots[0]) != string(snapshots[1]) {
		t.Errorf("got two snapshots:\n%s\n%s", snapshots[0], snapshots[1])
	}
	if kept := strings.Count(string(snapshots[0]), `":1`); kept > 10*24 {
		t.Errorf("kept %d windows, want at most %d", kept, 10*24)
	}
}

func TestRestoreRefusesWhatIsNoSnapshot(t *testing.T) {
	t.Parallel()
	for name, snapshot := range map[string]string{"text": "hello", "another layout": `{"layout":9}`, "nothing": ""} {
		err := handler(t, nil).Restore([]byte(snapshot))
		if !errors.Is(err, alerts.ErrSnapshot) || !strings.Contains(err.Error(), "purge the keys alerts.>") {
			t.Errorf("%s: got %v, want ErrSnapshot and what to do", name, err)
		}
	}
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for want, edit := range map[string]func(*alerts.Config){
		"z is -1":          func(c *alerts.Config) { c.Z = -1 },
		"posts is 0":       func(c *alerts.Config) { c.Posts = 0 },
		"cooldown is 0s":   func(c *alerts.Config) { c.Cooldown = 0 },
		"fresh is -1s":     func(c *alerts.Config) { c.Fresh = -time.Second },
		"max tickers is 0": func(c *alerts.Config) { c.MaxTickers = 0 },
	} {
		cfg := alerts.DefaultConfig()
		edit(&cfg)
		if err := cfg.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
