package features_test

import (
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

// busy is two trading days of 20 tickers: 100,000 posts with their scores, a bar each
// minute of the session, and ticks each minute.
func busy(tb testing.TB) []schemas.Event {
	tb.Helper()
	dice, market := rand.New(rand.NewPCG(1, 2)), window.XNYS()
	first := market.Day(when(tb, "2014-07-01 12:00:00").UnixNano())
	texts := []string{
		"$AAPL to the moon!", "RT @someone: $AAPL earnings look strong, buying more http://t.co/x",
		"Selling everything today. The chart of $MSFT looks terrible &amp; volume is drying up", "hold",
	}
	var events []schemas.Event
	post := 0
	for d := first; d < first+2; d++ {
		from, to := market.Start(d), market.Close(d)
		for range 50_000 {
			post++
			at := time.Unix(0, from+dice.Int64N(to-from)).UTC()
			id, ticker := strconv.Itoa(post), fmt.Sprintf("T%d", dice.IntN(20))
			events = append(events, newPost(id, at, strconv.Itoa(dice.IntN(5000)), texts[dice.IntN(len(texts))], ticker),
				newScore(id, at, ticker, "positive", 0.7))
		}
		for at := time.Unix(0, market.Open(d)).UTC(); at.UnixNano() <= to; at = at.Add(time.Minute) {
			for i := range 20 {
				events = append(events, newBar(fmt.Sprintf("T%d", i), at, time.Minute, 100, 10))
			}
		}
		for at := time.Unix(0, from).UTC(); at.UnixNano() < to; at = at.Add(time.Minute) {
			events = append(events, calendar.XNYS().Tick(at))
		}
	}
	slices.SortStableFunc(events, func(a, b schemas.Event) int { return a.Time.Compare(b.Time) })
	return events
}

func BenchmarkState(b *testing.B) {
	events := busy(b)
	b.ReportAllocs()
	vectors := 0
	for b.Loop() {
		vectors = 0
		_, err := features.Aggregate(config(), func(yield func(schemas.Event, error) bool) {
			for _, event := range events {
				if !yield(event, nil) {
					return
				}
			}
		}, func(schemas.Event) { vectors++ })
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(events)*b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(vectors), "vectors")
}
