package alpacad_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/alpacad"
	"cashtag/schemas"

	"github.com/coder/websocket"
)

var opening = time.Date(2026, time.March, 18, 13, 30, 0, 0, time.UTC)

func start(t *testing.T, change func(*alpacad.Config)) *alpacad.Server {
	t.Helper()
	cfg := alpacad.DefaultConfig()
	cfg.Now = func() time.Time { return opening.Add(time.Hour) }
	if change != nil {
		change(&cfg)
	}
	s, err := alpacad.Start(t.Context(), cfg)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func publish(t *testing.T, s *alpacad.Server, events ...schemas.Event) {
	t.Helper()
	if err := s.Publish(events...); err != nil {
		t.Fatalf("publish: %v", err)
	}
}

func quote(q *schemas.Quote) schemas.Event {
	q.Feed, q.Delay = schemas.FeedIEX, schemas.DelayRealTime
	return schemas.New(schemas.QuoteID(q), schemas.SourceIEX, q.Ticker, q.QuotedAt, q)
}

func bar(ticker string, minutes int) schemas.Event {
	return quote(&schemas.Quote{
		Kind: schemas.KindBar, Ticker: ticker, QuotedAt: opening.Add(time.Duration(minutes) * time.Minute), Price: 100.5,
		Bar: &schemas.Bar{IntervalS: 60, Open: 100, High: 101, Low: 99, Close: 100.5, Volume: int64(1000 + minutes), Trades: 7, VWAP: 100.25},
	})
}

func status(ticker, state, code, reason string, at time.Time) schemas.Event {
	return schemas.New(schemas.SymbolID(schemas.MICXNYS, ticker, state, at), schemas.SourceIEX, ticker, at, &schemas.Symbol{
		MIC: schemas.MICXNYS, Ticker: ticker, Status: state, Code: code, Reason: reason, ChangedAt: at,
	})
}

// talk is a websocket client that says and expects whole frames.
type talk struct {
	t  *testing.T
	ws *websocket.Conn
}

func dial(t *testing.T, s *alpacad.Server, header http.Header) talk {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), s.StreamURL(), &websocket.DialOptions{HTTPHeader: header}) //nolint:bodyclose // Dial closes it
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	return talk{t: t, ws: ws}
}

func (k talk) say(frame string) {
	k.t.Helper()
	if err := k.ws.Write(k.t.Context(), websocket.MessageText, []byte(frame)); err != nil {
		k.t.Fatalf("write: %v", err)
	}
}

func (k talk) expect(want string) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), 10*time.Second)
	defer cancel()
	_, frame, err := k.ws.Read(ctx)
	if err != nil {
		k.t.Fatalf("read: %v, want %s", err, want)
	}
	if got := string(frame); got != want {
		k.t.Errorf("got  %s\nwant %s", got, want)
	}
}

const (
	connected     = `[{"T":"success","msg":"connected"}]`
	authenticated = `[{"T":"success","msg":"authenticated"}]`
	auth          = `{"action":"auth","key":"alpacad-key","secret":"alpacad-secret"}`
)

// TestConversation holds the stand-in to the words of Alpaca's documentation.
func TestConversation(t *testing.T) {
	s := start(t, nil)
	k := dial(t, s, nil)
	k.expect(connected)
	k.say(`{"action":"subscribe","bars":["*"]}`)
	k.expect(`[{"T":"error","code":401,"msg":"not authenticated"}]`)
	k.say(`nonsense`)
	k.expect(`[{"T":"error","code":400,"msg":"invalid syntax"}]`)
	k.say(auth)
	k.expect(authenticated)
	k.say(auth)
	k.expect(`[{"T":"error","code":403,"msg":"already authenticated"}]`)
	k.say(`{"action":"subscribe","trades":["AAPL"],"quotes":["AMD","CLDR"],"bars":["*"],"dailyBars":["VOO"],"statuses":["*"]}`)
	k.expect(`[{"T":"subscription","trades":["AAPL"],"quotes":["AMD","CLDR"],"bars":["*"],"updatedBars":[],"dailyBars":["VOO"],` +
		`"statuses":["*"],"lulds":[],"corrections":["AAPL"],"cancelErrors":["AAPL"]}]`)
	publish(t, s, bar("SPY", 1), status("AAPL", schemas.SymbolPaused, "LUDP", "Volatility", opening))
	k.expect(`[{"T":"b","S":"SPY","o":100,"h":101,"l":99,"c":100.5,"v":1001,"t":"2026-03-18T13:30:00Z","n":7,"vw":100.25},` +
		`{"T":"s","S":"AAPL","sc":"P","sm":"Volatility Trading Pause","rc":"LUDP","rm":"Volatility","t":"2026-03-18T13:30:00Z","z":"C"}]`)
	k.say(`{"action":"unsubscribe","bars":["*"],"statuses":["*"],"dailyBars":["VOO"],"trades":["AAPL"],"quotes":["AMD","CLDR"]}`)
	k.expect(`[{"T":"subscription","trades":[],"quotes":[],"bars":[],"updatedBars":[],"dailyBars":[],` +
		`"statuses":[],"lulds":[],"corrections":[],"cancelErrors":[]}]`)
}

func TestKeysInHeaders(t *testing.T) {
	s := start(t, nil)
	k := dial(t, s, http.Header{"Apca-Api-Key-Id": {"alpacad-key"}, "Apca-Api-Secret-Key": {"alpacad-secret"}})
	k.expect(connected)
	k.expect(authenticated)
}

func TestLimits(t *testing.T) {
	s := start(t, func(c *alpacad.Config) { c.AuthWithin = 200 * time.Millisecond; c.SymbolLimit = 1 })
	first := dial(t, s, nil)
	first.expect(connected)
	first.say(auth)
	first.expect(authenticated)
	first.say(`{"action":"subscribe","trades":["A"],"quotes":["B"]}`)
	first.expect(`[{"T":"error","code":405,"msg":"symbol limit exceeded"}]`)
	first.say(`{"action":"subscribe","trades":["*"]}`)
	first.expect(`[{"T":"error","code":405,"msg":"symbol limit exceeded"}]`)
	second := dial(t, s, nil)
	second.expect(connected)
	second.say(auth)
	second.expect(`[{"T":"error","code":406,"msg":"connection limit exceeded"}]`)
	second.expect(`[{"T":"error","code":404,"msg":"auth timeout"}]`)
	s.RefuseKeys(true)
	third := dial(t, s, nil)
	third.expect(connected)
	third.say(auth)
	third.expect(`[{"T":"error","code":402,"msg":"auth failed"}]`)
}

// TestSlowClientIsCutOff never reads, so that the queue stays full.
func TestSlowClientIsCutOff(t *testing.T) {
	s := start(t, func(c *alpacad.Config) { c.Queue = 1; c.SlowAfter = 20 * time.Millisecond })
	k := dial(t, s, http.Header{"Apca-Api-Key-Id": {"alpacad-key"}, "Apca-Api-Secret-Key": {"alpacad-secret"}})
	k.say(`{"action":"subscribe","bars":["*"]}`)
	if err := s.Subscribed(t.Context(), "AAPL"); err != nil {
		t.Fatalf("subscribed: %v", err)
	}
	long := strings.Repeat("A", 14)
	deadline := time.Now().Add(10 * time.Second)
	for i := 0; s.Listeners() > 0; i++ {
		if time.Now().After(deadline) {
			t.Fatal("the client was never cut off")
		}
		events := make([]schemas.Event, 500)
		for j := range events {
			events[j] = bar(long, j+1)
		}
		publish(t, s, events...)
	}
}

func TestRESTNeedsKeysAndKeepsItsPace(t *testing.T) {
	s := start(t, func(c *alpacad.Config) { c.RequestsPerMinute = 2 })
	get := func(key string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/v2/clock", http.NoBody)
		if err != nil {
			t.Fatalf("request: %v", err)
		}
		req.Header.Set("APCA-API-KEY-ID", key)
		req.Header.Set("APCA-API-SECRET-KEY", "alpacad-secret")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatalf("get: %v", err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	for i, want := range []int{200, 200, 429} {
		if got := get("alpacad-key"); got != want {
			t.Errorf("call %d: got %d, want %d", i, got, want)
		}
	}
	if got := get("wrong"); got != http.StatusUnauthorized {
		t.Errorf("wrong key: got %d, want 401", got)
	}
	s.FailREST(1, 500, 0)
	if got := get("alpacad-key"); got != http.StatusInternalServerError {
		t.Errorf("scripted: got %d, want 500", got)
	}
}

func TestCboe(t *testing.T) {
	s := start(t, nil)
	publish(t, s, bar("BRK.B", 1), bar("BRK.B", 2))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/api/global/delayed_quotes/quotes/BRK.B.json", http.NoBody)
	if err != nil {
		t.Fatalf("request: %v", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	defer res.Body.Close()
	var answer struct {
		Data struct {
			Price  float64 `json:"current_price"`
			Volume int64   `json:"volume"`
			Traded string  `json:"last_trade_time"`
		} `json:"data"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatalf("decode: %v", err)
	}
	if d := answer.Data; d.Price != 100.5 || d.Volume != 2003 || d.Traded != "2026-03-18T09:32:00" {
		t.Errorf("got %+v, want the day so far, in New York's time", d)
	}
}

func TestWhatAlpacaCannotSayIsRefused(t *testing.T) {
	s := start(t, nil)
	daily := bar("AAPL", 1)
	daily.Data.(*schemas.Quote).Bar.IntervalS = 23400
	tests := []struct {
		name  string
		event schemas.Event
		want  string
	}{
		{"odd lot", quote(&schemas.Quote{Kind: schemas.KindQuote, Ticker: "A", QuotedAt: opening, Price: 1, Book: &schemas.Book{Bid: 1, BidSize: 150}}), "book sizes"},
		{"id in letters", quote(&schemas.Quote{Kind: schemas.KindTrade, Ticker: "A", QuotedAt: opening, Price: 1, Trade: &schemas.Trade{ID: "x"}}), "trade.id"},
		{"daily bar", daily, "interval_s"},
		{"other feed", schemas.New("x", schemas.SourceCboe, "A", opening, &schemas.Quote{Feed: schemas.FeedCboe}), "feed"},
		{"other type", schemas.New("x", schemas.SourceXNYS, "XNYS", opening, &schemas.Clock{}), "cashtag.clock.v1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := s.Publish(bar("MSFT", 1), test.event)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error about %s", err, test.want)
			}
		})
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, change := range map[string]func(*alpacad.Config){
		"key":          func(c *alpacad.Config) { c.Key = "" },
		"symbol limit": func(c *alpacad.Config) { c.SymbolLimit = 0 },
		"history":      func(c *alpacad.Config) { c.History = -1 },
		"auth within":  func(c *alpacad.Config) { c.AuthWithin = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := alpacad.DefaultConfig()
			change(&cfg)
			if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v, want an error about %s", err, name)
			}
		})
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	first, err := alpacad.Start(t.Context(), alpacad.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = first.Close() })
	cfg := alpacad.DefaultConfig()
	cfg.Addr = strings.TrimPrefix(first.URL(), "http://")
	second, err := alpacad.Start(t.Context(), cfg)
	if want := "alpaca: " + cfg.Addr + " is in use: stop what listens there or choose another address"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err == nil {
		_ = second.Close()
	}
}

// TestSplit says the same in pieces.
func TestSplit(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.Split(3)
	k := dial(t, s, nil)
	k.expect(connected)
	k.say(`{"action":"auth","key":"alpacad-key","secret":"wrong"}`)
	k.expect(`[{"T":"error","code":402,"msg":"auth failed"}]`)
	k.say(auth)
	k.expect(authenticated)
	if got := s.Struck(alpacad.Fragmented); got != 3 {
		t.Errorf("split %d frames, want 3", got)
	}
	if got := s.Struck(alpacad.Said(402)); got != 1 {
		t.Errorf("said 402 %d times, want once", got)
	}
}
