package twitter_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/services/twitter"
)

const secret = "AAAAAAAAAAAAAAAAAAAAAMLheAAAAAAA0%2BuSeid"

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*twitter.Config)
		want   string
	}{
		"default":        {func(*twitter.Config) {}, "<nil>"},
		"stand-in":       {func(c *twitter.Config) { c.BaseURL = "http://127.0.0.1:8080" }, "<nil>"},
		"no token":       {func(c *twitter.Config) { c.Bearer = "" }, "bearer token of X is missing: set X_BEARER_TOKEN, or X_BEARER_TOKEN_FILE to a file that holds it"},
		"quoted token":   {func(c *twitter.Config) { c.Bearer = `"` + secret + `"` }, `bearer token of X is none: want the app-only token as X shows it, without "Bearer", spaces or quotes`},
		"in the clear":   {func(c *twitter.Config) { c.BaseURL = "http://api.x.com" }, `base URL is "http://api.x.com": must be https, or http on this machine, since it carries a token`},
		"path":           {func(c *twitter.Config) { c.BaseURL = "https://api.x.com/2" }, `base URL is "https://api.x.com/2": must be such as https://api.x.com, without a path`},
		"source":         {func(c *twitter.Config) { c.Source = "/bluesky" }, `source is "/bluesky": must be /x or /demo/x`},
		"language":       {func(c *twitter.Config) { c.Lang = "english" }, `lang is "english": must be a language code such as en, or empty for all`},
		"budget":         {func(c *twitter.Config) { c.DailyReads = -1 }, "daily reads is -1: must be from 0 (no bound) to 3000000"},
		"monthly budget": {func(c *twitter.Config) { c.MonthlyReads = 3_000_001 }, "monthly reads is 3000001: must be from 0 (no bound) to 3000000"},
		"silence":        {func(c *twitter.Config) { c.Silence = 0 }, "silence is 0s: must be from 1ms to 5m0s"},
		"backoff":        {func(c *twitter.Config) { c.Backoff.ServerMax = time.Second }, "backoff server is 5s up to 1s: must be more than 0, and from the first to an hour"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := twitter.DefaultConfig()
			config.Bearer = secret
			test.change(&config)
			if got := fmt.Sprint(config.Validate()); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestTokenIsNotShown prints a configuration in every way that there is.
func TestTokenIsNotShown(t *testing.T) {
	t.Parallel()
	config := twitter.DefaultConfig()
	config.Bearer, config.Now = secret, nil
	var log strings.Builder
	for _, logger := range []*slog.Logger{slog.New(slog.NewTextHandler(&log, nil)), slog.New(slog.NewJSONHandler(&log, nil))} {
		logger.InfoContext(t.Context(), "configuration", "config", config.Bearer, "all", config.Backoff, "of", fmt.Sprintf("%+v", config))
	}
	encoded, err := json.Marshal(struct{ Bearer twitter.Token }{config.Bearer})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{
		fmt.Sprintf("%v %+v %#v %s %q", config, config, config, config.Bearer, config.Bearer), string(encoded), log.String(),
	} {
		if strings.Contains(shown, secret[:8]) || !strings.Contains(shown, "redacted") {
			t.Errorf("got %s, want the token redacted", shown)
		}
	}
}

func TestPack(t *testing.T) {
	t.Parallel()
	config := twitter.DefaultConfig()
	got := twitter.Pack(config, []string{"AAPL", "BRK-B", "BRK.B", "MSFT"})
	if want := []string{"($AAPL OR $BRK.B OR $MSFT) lang:en -is:retweet"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	config.Lang, config.Retweets = "", true
	if got, want := twitter.Pack(config, []string{"AAPL"}), []string{"($AAPL)"}; !slices.Equal(got, want) {
		t.Errorf("got %q unfiltered, want %q", got, want)
	}
	config = twitter.DefaultConfig()
	many := make([]string, 1000)
	for i := range many {
		many[i] = fmt.Sprintf("T%03d", i)
	}
	rules := twitter.Pack(config, many)
	var named []string
	for i, rule := range rules {
		if len(rule) > 1024 || (i < len(rules)-1 && len(rule) < 1024-len(" OR $T000")) {
			t.Errorf("got a rule of %d characters, want it at most 1024 and full", len(rule))
		}
		for field := range strings.FieldsSeq(rule) {
			if ticker, ok := strings.CutPrefix(strings.Trim(field, "()"), "$"); ok {
				named = append(named, ticker)
			}
		}
	}
	if !slices.Equal(named, many) {
		t.Errorf("got %d tickers in rules, want every one of %d once", len(named), len(many))
	}
}
