package analysis_test

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
	"cashtag/services/analysis"
)

// world is a synthetic market: prices walk at random, people post at random.
type world struct {
	tickers, sessions int
	from              calendar.Date
	seed              uint64
	// signal is how often the words of a trading day tell the next movement.
	signal float64
	// daily gives every ticker's trading day a word of its own.
	daily bool
	// noPosts leaves the posts out, noPrices the bars.
	noPosts, noPrices bool
}

func smallWorld() world {
	return world{tickers: 5, sessions: 90, from: calendar.NewDate(2014, 1, 2), seed: 1}
}

// events yields the world in no order in particular.
func (w world) events() iter.Seq2[schemas.Event, error] {
	var events []schemas.Event
	random := rand.New(rand.NewPCG(w.seed, 42))
	var sessions []calendar.Session
	for session := range calendar.XNYS().Range(w.from, w.from.AddDays(2*w.sessions+30)) {
		if len(sessions) < w.sessions {
			sessions = append(sessions, session)
		}
	}
	posts := 0
	for ticker := range w.tickers {
		symbol := "T" + string(rune('A'+ticker%26)) + string(rune('A'+ticker/26))
		price := 50.0
		for at, session := range sessions {
			movement := 0.015 * random.NormFloat64()
			gap := 0.6*movement + 0.004*random.NormFloat64()
			open := price * (1 + gap)
			price *= 1 + movement
			volume := int64(1e6 * math.Exp(0.3*random.NormFloat64()))
			if !w.noPrices {
				events = append(events, dailyBar(symbol, session, open, price, volume))
			}
			if w.noPosts || at == 0 {
				continue
			}
			word := []string{"falls", "rises"}[random.IntN(2)]
			if random.Float64() < w.signal {
				word = "falls"
				if movement > 0 {
					word = "rises"
				}
			}
			for range 3 + random.IntN(8) {
				posts++
				// In the trading day before: it is known by its close.
				before := sessions[at-1]
				when := before.Open.Add(time.Duration(random.Int64N(int64(before.Close.Sub(before.Open)))))
				text := fmt.Sprintf("$%s %s rumour%d", symbol, word, random.IntN(40))
				if w.daily {
					text = fmt.Sprintf("$%s story%dof%s", symbol, at, symbol)
				}
				events = append(events, tweet(posts, symbol, text, when))
			}
		}
	}
	return yield(events)
}

func yield(events []schemas.Event) iter.Seq2[schemas.Event, error] {
	return func(yield func(schemas.Event, error) bool) {
		for _, event := range events {
			if !yield(event, nil) {
				return
			}
		}
	}
}

func dailyBar(ticker string, session calendar.Session, open, price float64, volume int64) schemas.Event {
	q := &schemas.Quote{
		Feed: schemas.FeedStockNet, Kind: schemas.KindBar, Ticker: ticker, Delay: schemas.DelayEndOfDay, QuotedAt: session.Close, Price: price,
		Bar: &schemas.Bar{
			IntervalS: int64(session.Close.Sub(session.Open).Seconds()), Open: open, High: max(open, price), Low: min(open, price),
			Close: price, AdjClose: price, Volume: volume,
		},
	}
	return schemas.New(schemas.QuoteID(q), schemas.SourceStockNet, ticker, session.Close, q)
}

func tweet(id int, ticker, text string, at time.Time) schemas.Event {
	return schemas.New(fmt.Sprintf("x:%d", id), schemas.SourceX, ticker, at, &schemas.Tweet{
		Platform: schemas.PlatformX, PostID: strconv.Itoa(id), CreatedAt: at, Text: text,
		Tickers: []string{ticker}, Cashtags: []string{ticker}, Author: schemas.Author{ID: fmt.Sprint("u", id%7), Followers: 100},
	})
}

func (w world) table(t *testing.T, cutoff string) *analysis.Table {
	t.Helper()
	table, err := analysis.FromTape(w.events(), "a synthetic world", cutoff, false)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// quick is a configuration that is fast to run.
func quick() analysis.Config {
	c := analysis.DefaultConfig()
	c.C, c.Draws = []float64{0.01, 0.1}, 200
	return c
}

func result(t *testing.T, r *analysis.Report, target analysis.Target, configuration string) analysis.Result {
	t.Helper()
	for _, report := range r.Targets {
		at := slices.IndexFunc(report.Results, func(r analysis.Result) bool { return r.Configuration == configuration })
		if report.Target == target && at >= 0 {
			return report.Results[at]
		}
	}
	t.Fatalf("there is no result of %s on %s", configuration, target)
	return analysis.Result{}
}
