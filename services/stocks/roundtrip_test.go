package stocks_test

import (
	"testing"
	"time"

	"cashtag/embedded/alpacad"
	"cashtag/internal/demo"
	"cashtag/schemas"
	"cashtag/services/stocks"
)

// TestDemoDayComesBackUnchanged sends the made-up day's market through the
// stand-in and the client.
func TestDemoDayComesBackUnchanged(t *testing.T) {
	day, err := demo.New()
	if err != nil {
		t.Fatalf("demo: %v", err)
	}
	var sent []schemas.Event
	for event, err := range day.Events() {
		if err != nil {
			t.Fatalf("demo: %v", err)
		}
		if event.Source == schemas.SourceDemoIEX {
			sent = append(sent, event)
		}
	}
	if len(sent) < 8000 {
		t.Fatalf("got %d events, want a day of 21 tickers", len(sent))
	}
	r := start(t, follow(day.Tickers()...), func(_ *alpacad.Config, cfg *stocks.Config) {
		cfg.Source = schemas.SourceDemoIEX
	})
	r.subscribed(day.Tickers()...)
	r.publish(sent...)
	r.clock.Set(opening.Add(400 * time.Minute))
	came := r.take(idsOf(sent)...)
	if len(came) != len(sent) {
		t.Errorf("got %d ids, want %d", len(came), len(sent))
	}
	for _, want := range sent {
		same(t, came[want.ID], want)
	}
}

func same(t *testing.T, got, want schemas.Event) {
	t.Helper()
	g, err := got.Encode()
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	w, err := want.Encode()
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	if string(g) != string(w) {
		t.Errorf("event %s:\ngot  %s\nwant %s", want.ID, g, w)
	}
}

// TestEveryKindComesBackUnchanged sends what the made-up day does not hold.
func TestEveryKindComesBackUnchanged(t *testing.T) {
	at := opening.Add(93*time.Second + 838232225)
	sent := []schemas.Event{
		event(&schemas.Quote{
			Feed: schemas.FeedIEX, Kind: schemas.KindTrade, Ticker: "BRK.B", Delay: schemas.DelayRealTime, QuotedAt: at, Price: 495.205,
			Trade: &schemas.Trade{ID: "52983525503560", Size: 3, Exchange: "V", Conditions: []string{"@", " ", "T", "I"}},
		}),
		event(&schemas.Quote{
			Feed: schemas.FeedIEX, Kind: schemas.KindQuote, Ticker: "AAPL", Delay: schemas.DelayRealTime, QuotedAt: at, Price: (162.9 + 162.95) / 2,
			Book: &schemas.Book{Bid: 162.9, BidSize: 100, Ask: 162.95, AskSize: 200},
		}),
		event(&schemas.Quote{
			Feed: schemas.FeedIEX, Kind: schemas.KindQuote, Ticker: "MSFT", Delay: schemas.DelayRealTime, QuotedAt: at, Price: 400.1,
			Book: &schemas.Book{Ask: 400.1, AskSize: 700},
		}),
	}
	r := start(t, follow("AAPL", "BRK.B", "MSFT"), nil)
	r.subscribed("AAPL", "BRK.B", "MSFT")
	r.publish(sent...)
	came := r.take(idsOf(sent)...)
	for _, want := range sent {
		same(t, came[want.ID], want)
	}
}
