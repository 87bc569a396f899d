package stocks_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/alpacad"
	"cashtag/schemas"
	"cashtag/services/stocks"
	"cashtag/streams/ingest"
)

func asRetry(err error, to **ingest.Retry) bool { return errors.As(err, to) }

func TestChecks(t *testing.T) {
	tests := []struct {
		name   string
		change func(*stocks.Config)
		want   []string // what each check says, "" where all is well
	}{
		{"all well", func(*stocks.Config) {}, []string{"", "", ""}},
		{"wrong keys", func(c *stocks.Config) { c.Secret = "wrong" }, []string{"paper-api", "check APCA_API_KEY_ID", "check APCA_API_KEY_ID"}},
		{"nobody there", func(c *stocks.Config) {
			c.StreamURL, c.DataURL, c.TradingURL = "ws://127.0.0.1:1/v2/iex", "http://127.0.0.1:1", "http://127.0.0.1:1"
		}, []string{"cannot be reached", "cannot be reached", "cannot be reached"}},
		{"no such name", func(c *stocks.Config) {
			c.StreamURL, c.DataURL, c.TradingURL = "ws://nowhere.invalid/v2/iex", "http://nowhere.invalid", "http://nowhere.invalid"
		}, []string{"has no address", "has no address", "has no address"}},
		{"no keys", func(c *stocks.Config) { c.Key, c.Secret = "", "" }, []string{""}},
		{"not Cboe", func(c *stocks.Config) { c.Key, c.Secret, c.CboeURL = "", "", c.CboeURL+"/elsewhere" }, []string{"is this Cboe's URL"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server, err := alpacad.Start(t.Context(), alpacad.DefaultConfig())
			if err != nil {
				t.Fatalf("start: %v", err)
			}
			defer func() { _ = server.Close() }()
			if err := server.Publish(bar("AAPL", 1)); err != nil {
				t.Fatalf("publish: %v", err)
			}
			cfg := stocks.DefaultConfig()
			cfg.Key, cfg.Secret = alpacad.DefaultConfig().Key, alpacad.DefaultConfig().Secret
			cfg.StreamURL, cfg.DataURL, cfg.TradingURL, cfg.CboeURL = server.StreamURL(), server.URL(), server.URL(), server.URL()
			test.change(&cfg)
			checks := stocks.Checks(cfg)
			if len(checks) != len(test.want) {
				t.Fatalf("got %d checks, want %d", len(checks), len(test.want))
			}
			for i, check := range checks {
				err := check.Run(soon(t))
				if (err == nil) != (test.want[i] == "") || err != nil && !strings.Contains(err.Error(), test.want[i]) {
					t.Errorf("%s: got %v, want %q", check.Name, err, test.want[i])
				}
				if err != nil && strings.Contains(err.Error(), "\n") {
					t.Errorf("%s: got more than a line: %v", check.Name, err)
				}
			}
		})
	}
}

func TestConfigIsChecked(t *testing.T) {
	tests := map[string]func(*stocks.Config){
		"stream url":             func(c *stocks.Config) { c.StreamURL = "https://stream.data.alpaca.markets/v2/iex" },
		"data url":               func(c *stocks.Config) { c.DataURL = "data.alpaca.markets" },
		"trading url":            func(c *stocks.Config) { c.TradingURL = "http://user:secret@host" },
		"cboe url":               func(c *stocks.Config) { c.CboeURL = "" },
		"APCA_API_SECRET_KEY":    func(c *stocks.Config) { c.Key = "K" },
		"source is":              func(c *stocks.Config) { c.Source = schemas.SourceX },
		"at least one":           func(c *stocks.Config) { c.Trades, c.Quotes, c.Bars, c.Statuses = false, false, false, false },
		"symbol limit is 0":      func(c *stocks.Config) { c.SymbolLimit = 0 },
		"handshake is 0s":        func(c *stocks.Config) { c.Handshake = 0 },
		"max gap is 1s":          func(c *stocks.Config) { c.MaxGap = time.Second },
		"requests per minute is": func(c *stocks.Config) { c.RequestsPerMinute = 0 },
		"polls per minute is":    func(c *stocks.Config) { c.PollsPerMinute = -1 },
	}
	for want, change := range tests {
		t.Run(want, func(t *testing.T) {
			cfg := stocks.DefaultConfig()
			change(&cfg)
			if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error about %s", err, want)
			}
		})
	}
	if err := stocks.DefaultConfig().Validate(); err != nil {
		t.Errorf("default: %v", err)
	}
}

func TestConfigEncodesWithoutSecrets(t *testing.T) {
	cfg := stocks.DefaultConfig()
	cfg.Key, cfg.Secret = "hunter1", "hunter2"
	body, err := json.Marshal(cfg)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	if strings.Contains(string(body), "hunter") {
		t.Errorf("got %s", body)
	}
}
