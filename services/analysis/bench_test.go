package analysis_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
	"cashtag/services/analysis"
)

// fullSize is a world of the size of the whole StockNet data set: 87 tickers, two
// years, about 87,000 posts of 14 words of a vocabulary of 30,000.
func fullSize() []schemas.Event {
	random := rand.New(rand.NewPCG(1, 1))
	vocabulary := rand.NewZipf(random, 1.2, 3, 30_000)
	var events []schemas.Event
	for ticker := range 87 {
		symbol := "T" + string(rune('A'+ticker%26)) + string(rune('A'+ticker/26))
		price := 50.0
		for session := range calendar.XNYS().Range(calendar.NewDate(2014, 1, 2), calendar.NewDate(2015, 12, 31)) {
			movement := 0.015 * random.NormFloat64()
			open := price * (1 + movement/2)
			price *= 1 + movement
			volume := int64(1e6 * math.Exp(0.3*random.NormFloat64()))
			events = append(events, dailyBar(symbol, session, open, price, volume))
			for range random.IntN(5) {
				var text strings.Builder
				text.WriteString("$" + symbol)
				for range 14 {
					fmt.Fprintf(&text, " w%d", vocabulary.Uint64())
				}
				at := session.Open.Add(time.Duration(random.IntN(20)) * time.Hour)
				events = append(events, tweet(len(events), symbol, text.String(), at))
			}
		}
	}
	return events
}

// BenchmarkReport measures the whole report, from events to HTML:
//
//	GOMAXPROCS=2 go test -run '^$' -bench Report -benchtime 1x -timeout 20m ./services/analysis
func BenchmarkReport(b *testing.B) {
	events := fullSize()
	for b.Loop() {
		table, err := analysis.FromTape(yield(events), "full size", analysis.CutoffClose, false)
		if err != nil {
			b.Fatal(err)
		}
		preOpen, err := analysis.FromTape(yield(events), "full size", analysis.CutoffOpen, false)
		if err != nil {
			b.Fatal(err)
		}
		report, err := analysis.Run(b.Context(), analysis.Input{Table: table, PreOpen: preOpen}, analysis.DefaultConfig())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := report.HTML(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(table.Rows)), "rows")
	}
}
