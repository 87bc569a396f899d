package features_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"cashtag/internal/calendar"
	"cashtag/internal/window"
	"cashtag/schemas"
	"cashtag/services/features"
)

const version = "1"

func config() features.Config {
	cfg := features.DefaultConfig()
	cfg.Scorer, cfg.ScorerVersion = "test", version
	return cfg
}

func newState(tb testing.TB) *features.State {
	tb.Helper()
	state, err := features.NewState(config())
	if err != nil {
		tb.Fatal(err)
	}
	return state
}

func when(tb testing.TB, text string) time.Time {
	tb.Helper()
	at, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		tb.Fatal(err)
	}
	return at
}

func newPost(id string, at time.Time, author, text string, tickers ...string) schemas.Event {
	return schemas.New(schemas.TweetID("x", id), schemas.SourceX, tickers[0], at, &schemas.Tweet{
		Platform: "x", PostID: id, CreatedAt: at, Text: text, Tickers: tickers, Cashtags: tickers,
		Author: schemas.Author{ID: author, Followers: 100},
	})
}

func newScore(id string, at time.Time, ticker, label string, probability float64) schemas.Event {
	tweet := schemas.TweetID("x", id)
	return schemas.New(schemas.SentimentID(tweet, ticker, "test", version), schemas.ServiceSource("sentiment"), ticker, at,
		&schemas.Sentiment{
			TweetID: tweet, Ticker: ticker, PostedAt: at, Scorer: "test", Version: version, Label: label,
			Probability: probability, FromStream: "TWEETS", FromSequence: 1,
		})
}

func newBar(ticker string, end time.Time, interval time.Duration, last float64, volume int64) schemas.Event {
	quote := &schemas.Quote{
		Feed: schemas.FeedIEX, Kind: schemas.KindBar, Ticker: ticker, Delay: schemas.DelayRealTime, QuotedAt: end, Price: last,
		Bar: &schemas.Bar{
			IntervalS: int64(interval / time.Second), Open: last, High: last + 1, Low: last - 1, Close: last, Volume: volume,
		},
	}
	return schemas.New(schemas.QuoteID(quote), schemas.SourceIEX, ticker, end, quote)
}

func tick(at time.Time) schemas.Event { return calendar.XNYS().Tick(at) }

// finals keeps the last revision of every window, as bytes, and fails where a
// revision does not rise.
type finals struct {
	tb        testing.TB
	lines     map[string][]byte
	revisions map[string]int64
	all       []*schemas.Feature
}

func newFinals(tb testing.TB) *finals {
	tb.Helper()
	return &finals{tb: tb, lines: map[string][]byte{}, revisions: map[string]int64{}}
}

func (f *finals) add(event schemas.Event) {
	f.tb.Helper()
	if err := event.Validate(); err != nil {
		f.tb.Fatalf("invalid vector: %v", err)
	}
	line, err := event.Encode()
	if err != nil {
		f.tb.Fatal(err)
	}
	data := event.Data.(*schemas.Feature)
	key := data.Window + " " + data.Ticker + " " + data.EndAt.Format(time.RFC3339)
	if before, again := f.revisions[key]; again && data.Revision <= before {
		f.tb.Errorf("%s: revision %d came after %d", key, data.Revision, before)
	}
	f.lines[key], f.revisions[key] = line, data.Revision
	f.all = append(f.all, data)
}

// last is the newest vector of a window.
func (f *finals) last(window, ticker, end string) *schemas.Feature {
	f.tb.Helper()
	for _, data := range slices.Backward(f.all) {
		if data.Window == window && data.Ticker == ticker && data.EndAt.Equal(when(f.tb, end)) {
			return data
		}
	}
	f.tb.Fatalf("no vector of %s, %s, %s", window, ticker, end)
	return nil
}

func sameFinals(t *testing.T, got, want *finals) {
	t.Helper()
	for key, line := range want.lines {
		if !bytes.Equal(got.lines[key], line) {
			t.Fatalf("%s:\ngot  %s\nwant %s", key, got.lines[key], line)
		}
	}
	if len(got.lines) != len(want.lines) {
		t.Errorf("windows: got %d, want %d", len(got.lines), len(want.lines))
	}
}

func value(t *testing.T, f *schemas.Feature, name string) float64 {
	t.Helper()
	v, ok := f.Value(name)
	if !ok {
		t.Fatalf("no value %s", name)
	}
	return v
}

// world is some weeks of made-up posts, scores, bars and ticks, in order of time.
func world(tb testing.TB, days int) []schemas.Event {
	tb.Helper()
	dice := rand.New(rand.NewPCG(1, 2))
	tickers := []string{"AAPL", "BRK.B", "MSFT", "T"}
	market := window.XNYS()
	start := when(tb, "2014-06-27 20:00:00")
	first := market.Day(start.UnixNano())
	var events []schemas.Event
	post := 0
	for d := first; d < first+window.Day(days); d++ {
		from, to := market.Start(d), market.Close(d)
		for range 30 + dice.IntN(30) {
			at := time.Unix(0, from+dice.Int64N(to-from)).UTC().Truncate(time.Second)
			named := tickers[dice.IntN(len(tickers)):][:1]
			if dice.IntN(4) == 0 {
				named = []string{"MSFT", "AAPL"}
			}
			post++
			id, label := strconv.Itoa(post), []string{"positive", "negative", "neutral", "unknown"}[dice.IntN(4)]
			events = append(events, newPost(id, at, fmt.Sprint("u", dice.IntN(12)), fmt.Sprint("text ", dice.IntN(20)), named...))
			for _, ticker := range named {
				events = append(events, newScore(id, at, ticker, label, float64(dice.IntN(10000))/10000))
			}
		}
		open, closing := time.Unix(0, market.Open(d)).UTC(), time.Unix(0, to).UTC()
		for end := open.Add(30 * time.Minute); !end.After(closing); end = end.Add(30 * time.Minute) {
			events = append(events, newBar("AAPL", end, 10*time.Minute, 90+float64(dice.IntN(100))/10, dice.Int64N(1000)))
			events = append(events, newBar("T", end, time.Minute, 30+float64(dice.IntN(100))/10, dice.Int64N(1000)))
		}
		for at := time.Unix(0, from).UTC().Truncate(10 * time.Minute); at.Before(closing); at = at.Add(10 * time.Minute) {
			events = append(events, tick(at))
		}
	}
	slices.SortStableFunc(events, func(a, b schemas.Event) int { return a.Time.Compare(b.Time) })
	return append(events, tick(events[len(events)-1].Time.Add(10*time.Minute)))
}

// run applies events and flushes after each tick for which at says so.
func run(tb testing.TB, state *features.State, events []schemas.Event, at func() bool) *finals {
	tb.Helper()
	made := newFinals(tb)
	for _, event := range events {
		state.Apply(event)
		if event.Type == schemas.TypeClock && at() {
			state.Flush(made.add)
		}
	}
	state.Flush(made.add)
	return made
}

// shuffled moves every event but ticks up to a lateness away from its place.
func shuffled(dice *rand.Rand, events []schemas.Event, reach time.Duration) []schemas.Event {
	type placed struct {
		at    time.Time
		event schemas.Event
	}
	var all []placed
	for _, event := range events {
		at := event.Time
		if event.Type != schemas.TypeClock {
			at = at.Add(time.Duration(dice.Int64N(int64(2*reach))) - reach)
		}
		all = append(all, placed{at, event})
	}
	slices.SortStableFunc(all, func(a, b placed) int { return a.at.Compare(b.at) })
	var out []schemas.Event
	for _, p := range all {
		out = append(out, p.event)
		if dice.IntN(10) == 0 {
			out = append(out, p.event) // again
		}
	}
	return append(out, events[len(events)-1])
}
