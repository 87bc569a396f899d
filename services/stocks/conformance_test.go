package stocks_test

import (
	"log/slog"
	"testing"
	"time"

	"cashtag/embedded/alpacad"
	"cashtag/schemas"
	"cashtag/services/stocks"
	"cashtag/streams/ingest"
	"cashtag/streams/ingest/sourcetest"
)

// vendor is Alpaca for the conformance suite.
type vendor struct {
	server *alpacad.Server
	now    func() time.Time
}

func (v vendor) Source(t *testing.T, tickers ingest.Tickers, tally ingest.Tally) ingest.Source {
	t.Helper()
	cfg := stocks.DefaultConfig()
	cfg.Key, cfg.Secret = alpacad.DefaultConfig().Key, alpacad.DefaultConfig().Secret
	cfg.StreamURL, cfg.DataURL, cfg.TradingURL = v.server.StreamURL(), v.server.URL(), v.server.URL()
	cfg.Daily = false
	cfg.RequestsPerMinute = 10_000
	cfg.ConnectionWait = 5 * time.Millisecond
	cfg.Now = v.now
	source, err := stocks.NewAlpaca(cfg, tickers, tally, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	return source
}

func (v vendor) Publish(t *testing.T, events ...schemas.Event) {
	t.Helper()
	if err := v.server.Publish(events...); err != nil {
		t.Errorf("publish: %v", err)
	}
}

func (v vendor) Cut(*testing.T) { v.server.Cut() }

func (v vendor) Garble(*testing.T) { v.server.Garble([]byte(`[{"T":"b","S":"AAPL",`)) }

func (v vendor) Refuse(*testing.T) { v.server.RefuseKeys(true) }

func (v vendor) Connections() int { return v.server.Listeners() }

func TestSource(t *testing.T) {
	sourcetest.Run(t, sourcetest.Suite{
		Subjects: []string{"quotes.iex.>", "market.*.symbol.>"},
		Tickers:  []string{"AAPL", "BRK.B", "MSFT"},
		Event:    func(i int, ticker string) schemas.Event { return bar(ticker, i+1) },
		Open: func(t *testing.T) sourcetest.Vendor {
			t.Helper()
			cfg := alpacad.DefaultConfig()
			cfg.RequestsPerMinute = 10_000
			server, err := alpacad.Start(t.Context(), cfg)
			if err != nil {
				t.Fatalf("start: %v", err)
			}
			t.Cleanup(func() {
				if err := server.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			return vendor{server: server, now: func() time.Time { return opening.Add(380 * time.Minute) }}
		},
	})
}
