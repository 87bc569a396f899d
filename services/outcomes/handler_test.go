package outcomes_test

import (
	"errors"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cashtag/internal/window"
	"cashtag/schemas"
	"cashtag/services/outcomes"
	"cashtag/streams/merge"
)

// first is the trading day that the worlds of these tests begin on.
var first = window.XNYS().Day(time.Date(2026, 6, 1, 15, 0, 0, 0, time.UTC).UnixNano())

func openOf(day int) time.Time {
	return time.Unix(0, window.XNYS().Open(first+window.Day(day))).UTC()
}

func closeOf(day int) time.Time {
	return time.Unix(0, window.XNYS().Close(first+window.Day(day))).UTC()
}

// daily is the bar of a session that opens at 100.
func daily(day int, ticker string, last float64, volume int64) schemas.Event {
	interval := int64(closeOf(day).Sub(openOf(day)).Seconds())
	return bar(closeOf(day), interval, ticker, 100, last, volume)
}

func bar(end time.Time, interval int64, ticker string, open, last float64, volume int64) schemas.Event {
	q := &schemas.Quote{
		Feed: schemas.FeedStockNet, Kind: schemas.KindBar, Ticker: ticker, Delay: schemas.DelayEndOfDay, QuotedAt: end, Price: last,
		Bar: &schemas.Bar{IntervalS: interval, Open: open, High: max(open, last), Low: min(open, last), Close: last, Volume: volume},
	}
	return schemas.New(schemas.QuoteID(q), schemas.SourceStockNet, ticker, end, q)
}

func tick(at time.Time) schemas.Event {
	return schemas.New("clock:"+at.Format(time.RFC3339), schemas.SourceXNYS, "XNYS", at, &schemas.Clock{MIC: schemas.MICXNYS})
}

// predict is a prediction of .6, or of 0.5 where the target is a number.
func predict(target, kind, ticker string, at, due time.Time, revision int64) schemas.Event {
	p := &schemas.Prediction{
		Model: "test", Version: "1", Target: target, Ticker: ticker, Window: kind, PredictedAt: at, DueAt: due,
		HorizonS: int64(due.Sub(at).Seconds()), FeatureID: "f", Revision: revision,
	}
	value := 0.6
	if p.Probability = &value; target == "abnormal_volume" {
		p.Probability, p.Value = nil, &value
	}
	return schemas.New(schemas.PredictionID(p), schemas.ServiceSource("predictor"), ticker, at, p)
}

func handler(t *testing.T, edit func(*outcomes.Config)) *outcomes.Handler {
	t.Helper()
	cfg := outcomes.DefaultConfig()
	if edit != nil {
		edit(&cfg)
	}
	h, err := outcomes.NewHandler(cfg, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// run applies events, with a restart after each of them where again is set, and
// returns what was made.
func run(t *testing.T, h *outcomes.Handler, again bool, events ...schemas.Event) []schemas.Event {
	t.Helper()
	var made []schemas.Event
	for _, event := range events {
		h.Apply(merge.Item{Event: event})
		if !again {
			continue
		}
		snapshot, events, err := h.Commit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, events...)
		if err := h.Restore(snapshot); err != nil {
			t.Fatal(err)
		}
	}
	_, events, err := h.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, events...)
	for _, event := range made {
		if err := event.Validate(); err != nil {
			t.Fatal(err)
		}
	}
	return made
}

// history is 20 sessions of three tickers that open at 100, close at 101 or 99 in
// turn, and trade 1000 shares.
func history() []schemas.Event {
	var events []schemas.Event
	for day := range 20 {
		for _, ticker := range []string{"AAPL", "MSFT", "TSLA"} {
			events = append(events, daily(day, ticker, 101-2*float64(day%2), 1000))
		}
		events = append(events, tick(closeOf(day)))
	}
	return events
}

func TestWhatHappened(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	// On day 20 AAPL goes from 99 (the close before) over 100 (the open) to 104, MSFT
	// ends at 100 and TSLA at 98.
	today := []schemas.Event{
		daily(20, "AAPL", 104, 2000), daily(20, "MSFT", 100, 1000), daily(20, "TSLA", 98, 1000),
		tick(closeOf(20)),
	}
	for name, test := range map[string]struct {
		target, kind, ticker string
		happened             *bool
		realised             float64
	}{
		"direction within a session, up":       {"direction", "preopen", "AAPL", &yes, 0.04},
		"direction within a session, neither":  {"direction", "preopen", "MSFT", nil, 0},
		"direction within a session, down":     {"direction", "preopen", "TSLA", &no, -0.02},
		"direction of closes, up":              {"direction", "day", "MSFT", &yes, 100.0/99 - 1},
		"direction of closes, down":            {"direction", "session", "TSLA", &no, 98.0/99 - 1},
		"relative direction within a session":  {"relative_direction", "preopen", "AAPL", &yes, 0.04},
		"relative direction, the median":       {"relative_direction", "preopen", "MSFT", nil, 0},
		"relative direction of closes":         {"relative_direction", "day", "TSLA", &no, 98.0/99 - 100.0/99},
		"large move within a session":          {"large_move", "preopen", "AAPL", &yes, 0.04},
		"large move within a session, not":     {"large_move", "preopen", "TSLA", &no, -0.02},
		"large move of closes":                 {"large_move", "day", "AAPL", &yes, 104.0/99 - 1},
		"abnormal volume":                      {"abnormal_volume", "preopen", "AAPL", nil, math.Log(2)},
		"abnormal volume, as much as is usual": {"abnormal_volume", "day", "TSLA", nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := closeOf(19)
			if test.kind == "preopen" {
				at = openOf(20)
			}
			asked := predict(test.target, test.kind, test.ticker, at, closeOf(20), 7)
			early := slices.Concat(history(), []schemas.Event{asked}, today)
			late := slices.Concat(history(), today, []schemas.Event{asked})
			for order, events := range map[string][]schemas.Event{"early": early, "late": late} {
				for _, again := range []bool{false, true} {
					made := run(t, handler(t, nil), again, events...)
					if len(made) != 1 {
						t.Fatalf("%s, restarts %t: got %d outcomes, want 1", order, again, len(made))
					}
					p, got := asked.Data.(*schemas.Prediction), made[0].Data.(*schemas.Outcome)
					want := &schemas.Outcome{
						PredictionID: asked.ID, Model: "test", Version: "1", Target: test.target, Ticker: test.ticker, Window: test.kind,
						PredictedAt: at, DueAt: closeOf(20), KnownAt: closeOf(20), Revision: 7,
						Probability: p.Probability, Value: p.Value, Happened: test.happened, Realised: window.Round(test.realised),
					}
					if !reflect.DeepEqual(got, want) {
						t.Errorf("%s, restarts %t:\ngot  %+v\nwant %+v", order, again, got, want)
					}
					if made[0].ID != "outcome:"+asked.ID || !made[0].Time.Equal(closeOf(20)) {
						t.Errorf("got %s at %s", made[0].ID, made[0].Time)
					}
				}
			}
		})
	}
}

func TestMinuteBars(t *testing.T) {
	t.Parallel()
	open := openOf(0)
	var events []schemas.Event
	for minute := 1; minute <= 60; minute++ {
		last := 100 + float64(minute)/10
		events = append(events, bar(open.Add(time.Duration(minute)*time.Minute), 60, "AAPL", last-0.1, last, 10))
	}
	asked := []schemas.Event{
		predict("direction", "20m", "AAPL", open, open.Add(20*time.Minute), 0),
		predict("direction", "20m", "AAPL", open.Add(20*time.Minute), open.Add(40*time.Minute), 0),
	}
	events = slices.Concat(asked, events, []schemas.Event{tick(open.Add(time.Hour))})
	var got []float64
	for _, event := range run(t, handler(t, nil), true, events...) {
		got = append(got, event.Data.(*schemas.Outcome).Realised)
	}
	if want := []float64{0.02, window.Round(104.0/102 - 1)}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWhenItIsKnown(t *testing.T) {
	t.Parallel()
	due := closeOf(0)
	asked := predict("direction", "preopen", "AAPL", openOf(0), due, 0)
	short := bar(due.Add(-time.Minute), 60, "AAPL", 100, 101, 5)
	for name, test := range map[string]struct {
		events []schemas.Event
		known  time.Time // zero where it never is
	}{
		"with the bar":          {[]schemas.Event{asked, daily(0, "AAPL", 101, 5), tick(due)}, due},
		"not before it is due":  {[]schemas.Event{asked, daily(0, "AAPL", 101, 5), tick(due.Add(-time.Second))}, time.Time{}},
		"not before it settles": {[]schemas.Event{asked, short, tick(due.Add(time.Minute))}, time.Time{}},
		"settled":               {[]schemas.Event{asked, short, tick(due.Add(2 * time.Minute))}, due.Add(2 * time.Minute)},
		"a bar that came late":  {[]schemas.Event{asked, tick(due.Add(time.Hour)), daily(0, "AAPL", 101, 5), tick(due.Add(2 * time.Hour))}, due},
		"given up":              {[]schemas.Event{asked, tick(due.Add(96 * time.Hour)), daily(0, "AAPL", 101, 5), tick(due.Add(97 * time.Hour))}, time.Time{}},
		"another target":        {[]schemas.Event{predict("weather", "preopen", "AAPL", openOf(0), due, 0), daily(0, "AAPL", 101, 5), tick(due)}, time.Time{}},
		"too few for a median":  {[]schemas.Event{predict("relative_direction", "preopen", "AAPL", openOf(0), due, 0), daily(0, "AAPL", 101, 5), tick(due)}, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := run(t, handler(t, nil), true, test.events...)
			switch {
			case test.known.IsZero() && len(made) == 0:
			case len(made) != 1 || !made[0].Data.(*schemas.Outcome).KnownAt.Equal(test.known):
				t.Errorf("got %+v, want one known at %s", made, test.known)
			}
		})
	}
}

func TestEveryRevisionHasItsOutcome(t *testing.T) {
	t.Parallel()
	due := closeOf(0)
	made := run(t, handler(t, nil), true,
		predict("direction", "preopen", "AAPL", openOf(0), due, 3), daily(0, "AAPL", 101, 5), tick(due),
		predict("direction", "preopen", "AAPL", openOf(0), due, 4))
	if len(made) != 2 || made[0].ID == made[1].ID {
		t.Errorf("got %d outcomes, want 2 of different ids", len(made))
	}
}

func TestOutcomeOfASyntheticPredictionIsSynthetic(t *testing.T) {
	t.Parallel()
	asked := predict("direction", "preopen", "AAPL", openOf(0), closeOf(0), 3)
	asked.ID, asked.Source = schemas.DemoPrefix+asked.ID, schemas.SourceDemoPredictor
	made := run(t, handler(t, nil), true, asked, daily(0, "AAPL", 101, 5), tick(closeOf(0)))
	if len(made) != 1 || made[0].Source != schemas.SourceDemoOutcomes || !strings.HasPrefix(made[0].ID, "demo:outcome:test:") {
		t.Errorf("got %+v, want one synthetic outcome", made)
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	h := handler(t, func(c *outcomes.Config) { c.MaxPending, c.MaxTickers = 2, 2 })
	var events []schemas.Event
	for day := range 800 {
		for n := range 4 {
			events = append(events, daily(day, "T"+strconv.Itoa(n), 101, 5), predict("direction", "preopen", "MSFT", openOf(day), closeOf(day+50), int64(n)))
		}
		events = append(events, tick(closeOf(day)))
	}
	for _, event := range events {
		h.Apply(merge.Item{Event: event})
	}
	snapshot, _, err := h.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := string(snapshot)
	if got := strings.Count(text, `"horizon_s"`); got > 2 {
		t.Errorf("kept %d predictions, want at most 2", got)
	}
	if got := strings.Count(text, `"interval"`); got > 2*751 {
		t.Errorf("kept %d days of tickers, want at most %d", got, 2*751)
	}
	if got := strings.Count(text, `"bars"`); got > 2*61 {
		t.Errorf("kept the bars of %d days, want at most %d", got, 2*61)
	}
}

// On a fast replay the clock is far ahead of the predictions: they are answered as if
// it were not.
func TestAPredictionThatComesMonthsLateHasTheSameOutcome(t *testing.T) {
	t.Parallel()
	var asked, later []schemas.Event
	for _, target := range []string{"direction", "large_move", "abnormal_volume", "relative_direction"} {
		asked = append(asked, predict(target, "preopen", "AAPL", openOf(20), closeOf(20), 1), predict(target, "day", "AAPL", closeOf(19), closeOf(20), 1))
	}
	for day := 20; day < 200; day++ {
		later = append(later, daily(day, "AAPL", 100+float64(day%7), int64(day)), daily(day, "MSFT", 100, 5), daily(day, "TSLA", 99, 5), tick(closeOf(day)))
	}
	hour := predict("direction", "20m", "NVDA", openOf(20), openOf(20).Add(time.Hour), 1) // of single bars, which are not kept as long
	for name, test := range map[string]struct {
		asked []schemas.Event
		clock int // sessions that it is ahead
	}{"40 sessions": {append(slices.Clone(asked), hour), 40}, "180 sessions": {asked, 180}} {
		ahead := append([]schemas.Event{bar(openOf(20).Add(time.Hour), 3600, "NVDA", 100, 103, 5)}, later[:4*test.clock]...)
		want := run(t, handler(t, nil), false, slices.Concat(history(), test.asked, ahead)...)
		got := run(t, handler(t, nil), true, slices.Concat(history(), ahead, test.asked)...)
		if len(want) != len(test.asked) || !same(got, want) {
			t.Errorf("%s late: got %+v\nwant %+v", name, got, want)
		}
	}
}

// same reports whether two lists hold the same events in any order.
func same(a, b []schemas.Event) bool {
	order := func(a, b schemas.Event) int { return strings.Compare(a.ID, b.ID) }
	return reflect.DeepEqual(slices.SortedFunc(slices.Values(a), order), slices.SortedFunc(slices.Values(b), order))
}

func TestRestoreRefusesWhatIsNoSnapshot(t *testing.T) {
	t.Parallel()
	for name, snapshot := range map[string]string{"text": "hello", "another layout": `{"layout":9}`, "nothing": ""} {
		err := handler(t, nil).Restore([]byte(snapshot))
		if !errors.Is(err, outcomes.ErrSnapshot) || !strings.Contains(err.Error(), "purge the keys outcomes.>") {
			t.Errorf("%s: got %v, want ErrSnapshot and what to do", name, err)
		}
	}
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for want, edit := range map[string]func(*outcomes.Config){
		"settle is -1s":    func(c *outcomes.Config) { c.Settle = -time.Second },
		"patience is 1s":   func(c *outcomes.Config) { c.Patience = time.Second },
		"max pending is 0": func(c *outcomes.Config) { c.MaxPending = 0 },
		"max tickers is 0": func(c *outcomes.Config) { c.MaxTickers = 0 },
	} {
		cfg := outcomes.DefaultConfig()
		edit(&cfg)
		if err := cfg.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// judged is what the log of a handler says of a model that predicts a probability
// before each open while every close is below its open. The clock goes day by day, or
// is past all days before the first prediction is read.
func judged(t *testing.T, version string, probability float64, days int, replay bool) string {
	t.Helper()
	var logged strings.Builder
	h, err := outcomes.NewHandler(outcomes.DefaultConfig(), nil, slog.New(slog.NewTextHandler(&logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	var asked, told, both []schemas.Event
	for day := range days {
		event := predict("direction", "preopen", "AAPL", openOf(day), closeOf(day), 0)
		base := 0.5
		p := event.Data.(*schemas.Prediction)
		p.Version, p.Probability, p.Baseline = version, &probability, &base
		asked, told = append(asked, event), append(told, daily(day, "AAPL", 99, 5), tick(closeOf(day)))
		both = append(both, event, daily(day, "AAPL", 99, 5), tick(closeOf(day)))
	}
	if replay {
		both = slices.Concat(told, asked)
	}
	run(t, h, true, both...)
	return logged.String()
}

// TestAWorseModelIsSaid lets a model predict .9 of what never happens, beside one that
// predicts .1.
func TestAWorseModelIsSaid(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		version     string
		probability float64
		days, want  int
	}{
		"worse":                       {"1", 0.9, 25, 5},
		"better":                      {"1", 0.1, 25, 0},
		"worse, few days":             {"1", 0.9, 20, 0},
		"worse, days of its training": {closeOf(25).Format("20060102") + "-abcdef01", 0.9, 25, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			live := judged(t, test.version, test.probability, test.days, false)
			if got := strings.Count(live, "a live model is worse than its baseline"); got != test.want {
				t.Errorf("said %d times, want %d: once a day from the 20th that is over: %s", got, test.want, live)
			}
			if got := strings.Count(judged(t, test.version, test.probability, test.days, true), "worse than its baseline"); got != test.want {
				t.Errorf("said %d times by a clock that is far ahead, want %d", got, test.want)
			}
		})
	}
}
