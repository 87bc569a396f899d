package stocks_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/stocks"
	"cashtag/streams/ingest"
)

// delayed serves one answer to whoever asks for AAPL.
func delayed(t *testing.T, cfg stocks.Config, answer string, tickers ...string) (ingest.Source, *tally, *far) {
	t.Helper()
	asked := &far{full: func() {}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.hear(r.URL.String())
		switch {
		case !strings.HasSuffix(r.URL.Path, "/AAPL.json"):
			http.NotFound(w, r)
		case answer == "429":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			_, _ = w.Write([]byte(answer))
		}
	}))
	t.Cleanup(server.Close)
	cfg.CboeURL = server.URL
	cfg.PollsPerMinute = 10_000
	counts := new(tally)
	source, err := stocks.New(cfg, ingest.Fixed(tickers), counts, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	return source, counts, asked
}

const cboeAnswer = `{"timestamp":"2026-03-18 15:00:00","symbol":"AAPL","data":{"symbol":"AAPL","current_price":133.55,"bid":133.5,` +
	`"bid_size":3,"ask":133.6,"ask_size":2,"open":132.04,"high":134.07,"low":131.83,"close":133.55,"prev_day_close":131.46,` +
	`"volume":25094213.0,"iv30":null,"last_trade_time":"2026-03-18T10:30:50"}}`

func TestWithoutKeysCboe(t *testing.T) {
	source, counts, asked := delayed(t, stocks.DefaultConfig(), cboeAnswer, "AAPL", "BRK.B")
	events, cursor, err := source.Next(soon(t), "")
	if err != nil {
		t.Fatalf("next: %v", err)
	}
	if want := "2026-03-18T14:30:50Z"; cursor != want {
		t.Errorf("cursor: got %s, want %s, the last trade", cursor, want)
	}
	want := []string{"cboe:trade:AAPL:2026-03-17T20:00:00Z", "cboe:bar:AAPL:2026-03-18T14:30:50Z:3650", "cboe:quote:AAPL:2026-03-18T14:30:50Z"}
	if got := strings.Join(idsOf(events), " "); got != strings.Join(want, " ") {
		t.Fatalf("got %s, want %s", got, strings.Join(want, " "))
	}
	for _, event := range events {
		q := event.Data.(*schemas.Quote)
		if err := event.Validate(); err != nil || q.Delay != schemas.DelayDelayed || event.Source != schemas.SourceCboe {
			t.Errorf("event %s: got delay %s, source %s, error %v", event.ID, q.Delay, event.Source, err)
		}
	}
	if got := events[0].Data.(*schemas.Quote).Price; got != 131.46 {
		t.Errorf("previous close: got %g, want 131.46", got)
	}
	day := events[1].Data.(*schemas.Quote)
	if day.Price != 133.55 || day.Bar.Open != 132.04 || day.Bar.High != 134.07 || day.Bar.Low != 131.83 || day.Bar.Volume != 25094213 {
		t.Errorf("day: got %g, %+v", day.Price, day.Bar)
	}
	// The same answer again is no event; a ticker that Cboe does not know keeps
	// nobody waiting.
	ctx := soon(t)
	go func() { _, _, _ = source.Next(ctx, cursor) }()
	for counts.of(ingest.Duplicate) < 2 || counts.of(ingest.Filtered) < 2 {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			t.Fatal("it does not ask again")
		}
	}
	if got := asked.heard(); got[0] != "/api/global/delayed_quotes/quotes/AAPL.json" || got[1] != "/api/global/delayed_quotes/quotes/BRK.B.json" {
		t.Errorf("paths: got %q", got)
	}
}

func TestCboeInASyntheticWorld(t *testing.T) {
	cfg := stocks.DefaultConfig()
	cfg.Source = schemas.SourceDemoIEX
	source, _, _ := delayed(t, cfg, cboeAnswer, "AAPL")
	events, _, err := source.Next(soon(t), "")
	if err != nil {
		t.Fatalf("next: %v", err)
	}
	if err := events[0].Validate(); err != nil || events[0].Source != "/demo/cboe" {
		t.Errorf("got source %s, error %v", events[0].Source, err)
	}
}

func TestCboeFails(t *testing.T) {
	source, _, _ := delayed(t, stocks.DefaultConfig(), "429", "AAPL")
	_, _, err := source.Next(soon(t), "")
	var retry *ingest.Retry
	if !asRetry(err, &retry) || retry.After != 7*time.Second {
		t.Errorf("got %v, want to be asked again in 7s", err)
	}
	for _, answer := range []string{"{", `{"data":{"current_price":1}}`, `{"data":{"current_price":1,"last_trade_time":"noon"}}`, `{"data":{"current_price":"x"}}`} {
		source, counts, _ := delayed(t, stocks.DefaultConfig(), answer, "AAPL")
		ctx := soon(t)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _, _ = source.Next(ctx, "")
		}()
		for counts.of(ingest.Malformed) == 0 {
			select {
			case <-time.After(time.Millisecond):
			case <-ctx.Done():
				t.Fatalf("answer %s is not counted", answer)
			}
		}
	}
}
