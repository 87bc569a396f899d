package demo_test

import (
	"slices"
	"testing"
	"time"

	"cashtag/internal/demo"
	"cashtag/schemas"
)

// TestStory checks that the day tells what the package says it tells.
func TestStory(t *testing.T) {
	t.Parallel()
	posts := func(ticker, from, to string) int {
		n := 0
		for _, tweet := range only[*schemas.Tweet](t) {
			if tweet.Tickers[0] == ticker && !tweet.CreatedAt.Before(at(t, from)) && tweet.CreatedAt.Before(at(t, to)) {
				n++
			}
		}
		return n
	}
	price := func(ticker, from string) float64 {
		for _, quote := range only[*schemas.Quote](t) {
			if quote.Ticker == ticker && !quote.QuotedAt.Before(at(t, from)) {
				return quote.Price
			}
		}
		return 0
	}
	tests := []struct {
		name      string
		got       float64
		low, high float64
	}{
		{"earnings: attention rises", ratio(posts("AMD", "15:05", "15:25"), posts("AMD", "14:45", "15:05")), 5, 40},
		{"earnings: attention falls", ratio(posts("AMD", "18:05", "18:25"), posts("AMD", "15:05", "15:25")), 0, 0.4},
		{"earnings: price jumps", price("AMD", "15:20") / price("AMD", "15:05"), 1.06, 1.15},
		{"rumour: attention rises", ratio(posts("INTC", "16:50", "17:10"), posts("INTC", "15:40", "16:00")), 4, 40},
		{"rumour: price climbs", price("INTC", "17:12") / price("INTC", "16:20"), 1.03, 1.10},
		{"denial: price falls", price("INTC", "17:36") / price("INTC", "17:12"), 0.88, 0.96},
		{"squeeze: attention rises", ratio(posts("GME", "18:30", "18:50"), posts("GME", "17:30", "17:50")), 4, 40},
		{"others: attention does not", ratio(posts("AAPL", "15:05", "15:25"), posts("AAPL", "14:45", "15:05")), 0.4, 1.6},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.got < test.low || test.got > test.high {
				t.Errorf("got a ratio of %.2f, want %.2f to %.2f", test.got, test.low, test.high)
			}
		})
	}
}

// TestHalts checks the statuses of each halted ticker, and that nothing trades
// from halt to resumption.
func TestHalts(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"INTC": {"halted 17:12", "quoting 17:27", "trading 17:32"},
		"GME":  {"paused 18:41", "trading 18:46"},
	}
	got := make(map[string][]string)
	for _, symbol := range only[*schemas.Symbol](t) {
		got[symbol.Ticker] = append(got[symbol.Ticker], symbol.Status+" "+symbol.ChangedAt.Format("15:04"))
	}
	if len(got) != len(want) {
		t.Errorf("got halts %v, want %v", got, want)
	}
	for ticker, statuses := range want {
		if !slices.Equal(got[ticker], statuses) {
			t.Fatalf("%s: got %v, want %v", ticker, got[ticker], statuses)
		}
		from := at(t, statuses[0][len(statuses[0])-5:])
		to := at(t, statuses[len(statuses)-1][len("trading "):])
		for _, quote := range only[*schemas.Quote](t) {
			if quote.Ticker == ticker && quote.QuotedAt.After(from) && !quote.QuotedAt.After(to) {
				t.Errorf("%s: got a bar that ends at %s, between %s and %s", ticker, quote.QuotedAt, from, to)
			}
		}
	}
}

func at(t *testing.T, clock string) time.Time {
	t.Helper()
	when, err := time.Parse("2006-01-02 15:04", demo.Date.String()+" "+clock)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func ratio(a, b int) float64 { return float64(a) / float64(max(1, b)) }
