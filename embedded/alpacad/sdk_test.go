package alpacad_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"cashtag/embedded/alpacad"
	"cashtag/schemas"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"
	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata/stream"
)

// The tests of this file talk to the stand-in with Alpaca's own client, which
// speaks MessagePack.

func sdk(s *alpacad.Server, secret string, options ...stream.StockOption) *stream.StocksClient {
	return stream.NewStocksClient(marketdata.IEX, append([]stream.StockOption{
		stream.WithBaseURL("ws://" + s.URL()[len("http://"):] + "/v2"),
		stream.WithCredentials(alpacad.DefaultConfig().Key, secret),
		stream.WithReconnectSettings(1, time.Millisecond),
	}, options...)...)
}

func TestOfficialClientReceives(t *testing.T) {
	s := start(t, nil)
	trades, quotes := make(chan stream.Trade, 1), make(chan stream.Quote, 1)
	bars, statuses := make(chan stream.Bar, 1), make(chan stream.TradingStatus, 1)
	c := sdk(s, alpacad.DefaultConfig().Secret,
		stream.WithTrades(func(v stream.Trade) { trades <- v }, "AAPL"),
		stream.WithQuotes(func(v stream.Quote) { quotes <- v }, "AAPL"),
		stream.WithBars(func(v stream.Bar) { bars <- v }, "*"),
		stream.WithStatuses(func(v stream.TradingStatus) { statuses <- v }, "AAPL"),
	)
	if err := c.Connect(t.Context()); err != nil {
		t.Fatalf("connect: %v", err)
	}
	at := opening.Add(93*time.Second + 838232225)
	publish(t, s,
		quote(&schemas.Quote{Kind: schemas.KindTrade, Ticker: "AAPL", QuotedAt: at, Price: 162.92, Trade: &schemas.Trade{
			ID: "628", Size: 3, Exchange: "V", Conditions: []string{"@", "I"},
		}}),
		quote(&schemas.Quote{Kind: schemas.KindQuote, Ticker: "AAPL", QuotedAt: at, Price: 162.925, Book: &schemas.Book{
			Bid: 162.9, BidSize: 100, Ask: 162.95, AskSize: 200,
		}}),
		bar("MSFT", 1),
		status("AAPL", schemas.SymbolHalted, "T1", "News pending", at),
	)
	trade := receive(t, trades)
	if got, want := trade.ID, int64(628); got != want {
		t.Errorf("trade id: got %d, want %d", got, want)
	}
	if trade.Symbol != "AAPL" || trade.Price != 162.92 || trade.Size != 3 || trade.Exchange != "V" || !trade.Timestamp.Equal(at) ||
		!reflect.DeepEqual(trade.Conditions, []string{"@", "I"}) {
		t.Errorf("trade: got %+v", trade)
	}
	if q := receive(t, quotes); q.BidPrice != 162.9 || q.BidSize != 1 || q.AskPrice != 162.95 || q.AskSize != 2 || !q.Timestamp.Equal(at) {
		t.Errorf("quote: got %+v, want sizes in lots of 100", q)
	}
	b := receive(t, bars)
	want := stream.Bar{Symbol: "MSFT", Open: 100, High: 101, Low: 99, Close: 100.5, Volume: 1001, TradeCount: 7, VWAP: 100.25, Timestamp: opening}
	b.Timestamp = b.Timestamp.UTC()
	if !reflect.DeepEqual(b, want) {
		t.Errorf("bar: got %+v, want %+v, stated at its beginning", b, want)
	}
	if s := receive(t, statuses); s.StatusCode != "H" || s.ReasonCode != "T1" || s.ReasonMsg != "News pending" || s.Tape != "C" || !s.Timestamp.Equal(at) {
		t.Errorf("status: got %+v", s)
	}
}

func TestOfficialClientChangesItsSubscription(t *testing.T) {
	s := start(t, nil)
	c := sdk(s, alpacad.DefaultConfig().Secret)
	if err := c.Connect(t.Context()); err != nil {
		t.Fatalf("connect: %v", err)
	}
	bars := make(chan stream.Bar, 2)
	if err := c.SubscribeToBars(func(b stream.Bar) { bars <- b }, "AAPL", "MSFT"); err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	if err := c.UnsubscribeFromBars("AAPL"); err != nil {
		t.Fatalf("unsubscribe: %v", err)
	}
	publish(t, s, bar("AAPL", 1), bar("MSFT", 1))
	if got, want := receive(t, bars).Symbol, "MSFT"; got != want {
		t.Errorf("got a bar of %s, want %s", got, want)
	}
}

func TestOfficialClientIsToldWhatIsWrong(t *testing.T) {
	tests := []struct {
		name string
		open func(ctx context.Context, s *alpacad.Server) error
		want error
	}{
		{"wrong secret", func(ctx context.Context, s *alpacad.Server) error {
			return sdk(s, "wrong").Connect(ctx)
		}, stream.ErrInvalidCredentials},
		{"too many symbols", func(ctx context.Context, s *alpacad.Server) error {
			c := sdk(s, alpacad.DefaultConfig().Secret)
			if err := c.Connect(ctx); err != nil {
				return err
			}
			return c.SubscribeToTrades(func(stream.Trade) {}, "A", "B", "C")
		}, stream.ErrSymbolLimitExceeded},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, func(c *alpacad.Config) { c.SymbolLimit = 2 })
			if err := test.open(t.Context(), s); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestOfficialClientReadsREST(t *testing.T) {
	s := start(t, nil)
	for i := 1; i <= 25; i++ {
		publish(t, s, bar("AAPL", i), bar("MSFT", i))
	}
	c := marketdata.NewClient(marketdata.ClientOpts{
		APIKey: alpacad.DefaultConfig().Key, APISecret: alpacad.DefaultConfig().Secret, BaseURL: s.URL(), Feed: marketdata.IEX,
	})
	bars, err := c.GetMultiBars([]string{"AAPL", "MSFT"}, marketdata.GetBarsRequest{
		TimeFrame: marketdata.OneMin, Start: opening.Add(5 * time.Minute), PageLimit: 7,
	})
	if err != nil {
		t.Fatalf("bars: %v", err)
	}
	if len(bars["AAPL"]) != 20 || len(bars["MSFT"]) != 20 || !bars["MSFT"][0].Timestamp.Equal(opening.Add(5*time.Minute)) {
		t.Errorf("got %d and %d bars, want 20 of each from the sixth minute on", len(bars["AAPL"]), len(bars["MSFT"]))
	}
	snapshots, err := c.GetSnapshots([]string{"AAPL", "NONE"}, marketdata.GetSnapshotRequest{})
	if err != nil {
		t.Fatalf("snapshots: %v", err)
	}
	if day := snapshots["AAPL"].DailyBar; day == nil || day.Volume != 25*1000+25*26/2 || day.Open != 100 {
		t.Errorf("daily bar: got %+v, want the sum of its minutes", day)
	}
	if snapshots["NONE"] != nil {
		t.Errorf("snapshot of an unknown symbol: got %+v, want nil", snapshots["NONE"])
	}
	trading := alpaca.NewClient(alpaca.ClientOpts{
		APIKey: alpacad.DefaultConfig().Key, APISecret: alpacad.DefaultConfig().Secret, BaseURL: s.URL(),
	})
	clock, err := trading.GetClock()
	if err != nil {
		t.Fatalf("clock: %v", err)
	}
	if !clock.IsOpen || !clock.NextClose.Equal(opening.Add(390*time.Minute)) {
		t.Errorf("clock: got %+v, want it open until 20:00 UTC", clock)
	}
	days, err := trading.GetCalendar(alpaca.GetCalendarRequest{Start: opening, End: opening.AddDate(0, 0, 1)})
	if err != nil {
		t.Fatalf("calendar: %v", err)
	}
	if want := (alpaca.CalendarDay{Date: "2026-03-18", Open: "09:30", Close: "16:00"}); len(days) != 2 || days[0] != want {
		t.Errorf("calendar: got %+v, want 2 days from %+v on", days, want)
	}
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}
