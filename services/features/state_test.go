package features_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
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

func TestOrderOfArrivalDoesNotChangeAByte(t *testing.T) {
	t.Parallel()
	events := world(t, 26)
	want := run(t, newState(t), events, func() bool { return true })
	if len(want.lines) < 2000 {
		t.Fatalf("windows: got %d, want thousands", len(want.lines))
	}
	for name, reach := range map[string]time.Duration{
		"minutes": 5 * time.Minute, "hours": 6 * time.Hour, "days": 60 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(2) {
				dice := rand.New(rand.NewPCG(seed, 7))
				state, between := newState(t), 3+int(reach/time.Hour) // flushes that correct days back take long
				got := run(t, state, shuffled(dice, events, reach), func() bool { return dice.IntN(between) == 0 })
				if stats := state.Stats(); stats.Corrections == 0 || stats.Late == 0 || stats.TooLate != 0 {
					t.Errorf("got %+v, want corrections", stats)
				}
				sameFinals(t, got, want)
			}
		})
	}
	t.Run("flushed once", func(t *testing.T) {
		t.Parallel()
		sameFinals(t, run(t, newState(t), events, func() bool { return false }), want)
	})
}

func TestVectorOfADay(t *testing.T) {
	t.Parallel()
	var events []schemas.Event
	events = append(events, tick(when(t, "2014-06-30 20:00:00")))
	at := when(t, "2014-07-01 14:00:00")
	for i, p := range []struct {
		author, text, label string
		probability         float64
	}{
		{"a", "RT @b: Buy $AAPL now!", "positive", 0.9},
		{"a", "buy now http://t.co/x", "positive", 0.7},
		{"b", "sell", "negative", 0.8},
		{"c", "hold", "neutral", 0.6},
		{"d", "?", "unknown", 0},
	} {
		id := strconv.Itoa(i)
		when := at.Add(time.Duration(i) * time.Second)
		events = append(events, newPost(id, when, p.author, p.text, "AAPL"), newScore(id, when, "AAPL", p.label, p.probability))
	}
	events = append(events,
		newPost("both", at, "a", "other", "MSFT", "AAPL"), newScore("both", at, "MSFT", "positive", 1), newScore("both", at, "AAPL", "positive", 1),
		newBar("AAPL", when(t, "2014-06-30 20:00:00"), time.Minute, 100, 7),
		newBar("AAPL", when(t, "2014-07-01 13:31:00"), time.Minute, 101, 10), newBar("AAPL", when(t, "2014-07-01 20:00:00"), time.Minute, 110, 20),
		newBar("AAPL", when(t, "2014-07-01 20:01:00"), time.Minute, 500, 20),
		tick(when(t, "2014-07-01 20:05:00")))
	made := run(t, newState(t), events, func() bool { return true })
	day := made.last("day", "AAPL", "2014-07-01 20:00:00")
	wantCounts := schemas.FeatureCounts{
		Posts: 6, Users: 4, Exclusive: 5, Texts: 5, FollowersLogE4: 6 * window.LogE4(100), Scored: 6, Known: 5,
		Positive: 3, Negative: 1, ScoreE4: 9000 + 7000 - 8000 + 10000, ScoreSquaredE8: 81e6 + 49e6 + 64e6 + 100e6,
		MarketPosts: 6, MarketKnown: 5, MarketPositive: 3, MarketScoreE4: 18000,
		Bars: 2, Volume: 30, LastE4: 1_100_000, HighE4: 1_110_000, LowE4: 1_000_000,
	}
	if day.Counts != wantCounts {
		t.Errorf("counts:\ngot  %+v\nwant %+v", day.Counts, wantCounts)
	}
	for name, want := range map[string]float64{
		"posts_log": 1.94591, "posts_per_user": 1.5, "sentiment_mean": 0.36, "positive_share": 0.6, "negative_share": 0.2,
		"sentiment_dispersion": 0.756968, "exclusive_share": 0.833333, "duplicate_share": 0.166667, "known_share": 0.833333,
		"price_known": 1, "price_last": 110, "price_return": 0.1, "price_range": 0.1, "volume_log": 3.433987,
		"followers_log": 4.6151, "baseline_sessions": 0, "posts_z": 0,
	} {
		if got := value(t, day, name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	if got := value(t, made.last("preopen", "AAPL", "2014-07-01 13:30:00"), "price_last"); got != 100 {
		t.Errorf("last price before the open: got %v, want 100", got)
	}
	if got := made.last("day", "MSFT", "2014-07-01 20:00:00").Counts.Posts; got != 1 {
		t.Errorf("posts about MSFT: got %d, want 1", got)
	}
}

func TestAQuietTickersWindowsClose(t *testing.T) {
	t.Parallel()
	state := newState(t)
	made := run(t, state, []schemas.Event{
		tick(when(t, "2014-07-01 13:30:00")),
		newPost("1", when(t, "2014-07-01 14:00:00"), "a", "x", "T"),
		tick(when(t, "2014-07-01 20:00:00")), tick(when(t, "2014-07-02 13:30:00")), tick(when(t, "2014-07-02 20:00:00")),
	}, func() bool { return true })
	if got := made.last("day", "T", "2014-07-02 20:00:00").Counts.Posts; got != 0 {
		t.Errorf("posts of the quiet day: got %d, want 0", got)
	}
	for _, key := range slices.Sorted(maps.Keys(made.lines)) {
		if strings.HasPrefix(key, "20m") && !strings.Contains(key, "2014-07-01T14:10:00Z") {
			t.Errorf("a window of nothing was published: %s", key)
		}
	}
}

func TestAWindowEndsBeforeItsEnd(t *testing.T) {
	t.Parallel()
	made := run(t, newState(t), []schemas.Event{
		tick(when(t, "2014-07-01 13:00:00")),
		newPost("in", when(t, "2014-07-01 14:09:59"), "a", "x", "T"),
		newPost("out", when(t, "2014-07-01 14:10:00"), "a", "x", "T"),
		tick(when(t, "2014-07-01 14:10:00")),
	}, func() bool { return true })
	if got := made.last("20m", "T", "2014-07-01 14:10:00").Counts.Posts; got != 1 {
		t.Errorf("posts: got %d, want 1", got)
	}
	if len(made.all) != 2 { // 1m and 20m
		t.Errorf("vectors: got %d, want 2", len(made.all))
	}
}

func TestLateScoresAndPostsCorrect(t *testing.T) {
	t.Parallel()
	state, made := newState(t), newFinals(t)
	at := when(t, "2014-07-01 14:00:00")
	apply := func(events ...schemas.Event) {
		for _, event := range events {
			state.Apply(event)
		}
		state.Flush(made.add)
	}
	apply(tick(at.Add(-time.Hour)), newPost("1", at, "a", "x", "T"), tick(at.Add(20*time.Minute)))
	first := made.last("20m", "T", "2014-07-01 14:10:00")
	apply(newScore("1", at, "T", "positive", 0.5))
	second := made.last("20m", "T", "2014-07-01 14:10:00")
	if first.Counts.Known != 0 || second.Counts.Known != 1 || second.Revision <= first.Revision {
		t.Errorf("got known %d, then %d, revisions %d, %d; want a correction", first.Counts.Known, second.Counts.Known, first.Revision, second.Revision)
	}
	before := len(made.all)
	apply(newScore("1", at, "T", "negative", 0.5), newPost("1", at, "a", "x", "T"), tick(at.Add(20*time.Minute)))
	if len(made.all) != before {
		t.Errorf("repetitions made %d vectors, want none", len(made.all)-before)
	}
	apply(newPost("2", at, "a", "y", "MSFT"))
	if got := made.last("20m", "T", "2014-07-01 14:10:00").Counts.MarketPosts; got != 2 {
		t.Errorf("posts of the market after a late one about another ticker: got %d, want 2", got)
	}
	apply(newPost("3", at.Add(-73*time.Hour), "a", "z", "T"), tick(at.Add(21*time.Minute)))
	apply(newPost("4", at.Add(-73*time.Hour), "a", "z", "T"))
	if got := state.Stats().TooLate; got != 2 {
		t.Errorf("too late: got %d, want 2", got)
	}
}

func TestAttentionStandsOut(t *testing.T) {
	t.Parallel()
	var events []schemas.Event
	market := window.XNYS()
	first := market.Day(when(t, "2014-06-02 14:00:00").UnixNano())
	id := 0
	for d := first; d < first+25; d++ {
		open := time.Unix(0, market.Open(d)).UTC()
		events = append(events, tick(time.Unix(0, market.Start(d)).UTC()))
		posts := 3 + int(d-first)%2
		if d == first+24 {
			posts = 40
		}
		for i := range posts {
			id++
			events = append(events, newPost(strconv.Itoa(id), open.Add(-time.Duration(i+1)*time.Minute), "a", "x", "T"))
		}
		events = append(events, tick(open))
	}
	made := run(t, newState(t), events, func() bool { return true })
	open := func(d window.Day) string { return time.Unix(0, market.Open(d)).UTC().Format("2006-01-02 15:04:05") }
	calm, loud := made.last("preopen", "T", open(first+23)), made.last("preopen", "T", open(first+24))
	if got := value(t, calm, "posts_z"); got < -2 || got > 2 {
		t.Errorf("z of a usual morning: got %v, want about 0", got)
	}
	if got := value(t, loud, "posts_z"); got < 10 {
		t.Errorf("z of a loud morning: got %v, want above 10", got)
	}
	if got := value(t, loud, "baseline_sessions"); got != 20 {
		t.Errorf("baseline: got %v sessions, want 20", got)
	}
}
