package features_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cashtag/internal/window"
	"cashtag/schemas"
)

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
		got := run(t, newState(t), events, func() bool { return false })
		sameFinals(t, got, want)
		if !slices.IsSortedFunc(got.all, func(a, b *schemas.Feature) int { return a.EndAt.Compare(b.EndAt) }) {
			t.Error("vectors are not made in the order of their windows' ends")
		}
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
