package stocks_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/services/stocks"
	"cashtag/streams/ingest"

	"github.com/coder/websocket"
)

// far records what a client says to a server that answers from a script.
type far struct {
	mu   sync.Mutex
	said []string
	full func() // called when a session is complete
}

func (f *far) hear(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.said = append(f.said, what)
	if len(f.said) == 5 {
		f.full()
	}
}

func (f *far) heard() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.said)
}

func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v2/iex" {
		f.hear(fmt.Sprintf("GET %s key=%s secret=%s", r.URL, r.Header.Get("APCA-API-KEY-ID"), r.Header.Get("APCA-API-SECRET-KEY")))
		_, _ = w.Write([]byte(`{}`))
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = ws.CloseNow() }()
	f.hear("DIAL " + r.Header.Get("Content-Type") + " key=" + r.Header.Get("APCA-API-KEY-ID"))
	for _, answer := range []string{
		`[{"T":"success","msg":"connected"}]`, `[{"T":"success","msg":"authenticated"}]`,
		`[{"T":"subscription","trades":["AAPL"]}]`,
	} {
		if err := ws.Write(r.Context(), websocket.MessageText, []byte(answer)); err != nil {
			return
		}
		_, frame, err := ws.Read(r.Context())
		if err != nil {
			return
		}
		f.hear(string(frame))
	}
}

// TestWireOfAlpaca asserts every address, header and message that a session with
// Alpaca consists of.
func TestWireOfAlpaca(t *testing.T) {
	f := new(far)
	server := httptest.NewServer(f)
	defer server.Close()
	cfg := stocks.DefaultConfig()
	for got, want := range map[string]string{
		cfg.StreamURL:  "wss://stream.data.alpaca.markets/v2/iex",
		cfg.DataURL:    "https://data.alpaca.markets",
		cfg.TradingURL: "https://api.alpaca.markets",
		cfg.CboeURL:    "https://cdn.cboe.com",
	} {
		if got != want {
			t.Errorf("default: got %s, want %s", got, want)
		}
	}
	cfg.StreamURL = "ws" + strings.TrimPrefix(server.URL, "http") + "/v2/iex"
	cfg.DataURL = server.URL
	cfg.Key, cfg.Secret = "K", "S"
	cfg.Now = func() time.Time { return opening.Add(time.Hour) }
	source, err := stocks.NewAlpaca(cfg, ingest.Fixed{"AAPL", "BRK.B"}, ingest.Uncounted{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	f.full = func() { cancel() }
	if _, _, err := source.Next(ctx, "2026-03-18T14:00:00Z"); !errors.Is(err, context.Canceled) {
		t.Errorf("next: got %v, want the end of its context", err)
	}
	want := []string{
		"DIAL application/json key=",
		`{"action":"auth","key":"K","secret":"S"}`,
		`{"action":"subscribe","trades":["AAPL","BRK.B"],"quotes":["AAPL","BRK.B"],"bars":["AAPL","BRK.B"],"statuses":["AAPL","BRK.B"]}`,
		"GET /v2/stocks/snapshots?feed=iex&symbols=AAPL%2CBRK.B key=K secret=S",
		"GET /v2/stocks/bars?adjustment=raw&feed=iex&limit=10000&start=2026-03-18T13%3A58%3A00Z&symbols=AAPL%2CBRK.B&timeframe=1Min key=K secret=S",
	}
	if got := f.heard(); len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
