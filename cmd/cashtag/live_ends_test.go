package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cashtag/internal/watchlist"
	"cashtag/services/stocks"
	"cashtag/services/twitter"

	"github.com/alecthomas/kong"
)

// hidden is part of every secret of these tests.
const hidden = "hunter2"

// given is an environment with files.
type given map[string]string

func (w given) environment() environment {
	return environment{
		getenv: func(name string) string { return w[name] },
		readFile: func(path string) ([]byte, error) {
			if content, ok := w["file "+path]; ok {
				return []byte(content), nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	}
}

func TestLiveEnds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		flags liveFlags
		given given
		// bearer, keys and missing are what is wanted: the token, "key secret", and a
		// part of each line of what is missing.
		bearer, keys string
		missing      []string
	}{
		{name: "nothing is set", missing: []string{"X_BEARER_TOKEN is not set", "APCA_API_KEY_ID and APCA_API_SECRET_KEY are not set"}},
		{
			name: "all is set", given: given{"X_BEARER_TOKEN": "hunter2x", "APCA_API_KEY_ID": "hunter2k", "APCA_API_SECRET_KEY": "hunter2s"},
			bearer: "hunter2x", keys: "hunter2k hunter2s",
		},
		{
			name: "files", given: given{
				"X_BEARER_TOKEN_FILE": "/x", "file /x": "hunter2x\n", "APCA_API_KEY_ID_FILE": "/k", "file /k": "hunter2k\r\n",
				"APCA_API_SECRET_KEY": "hunter2s",
			},
			bearer: "hunter2x", keys: "hunter2k hunter2s",
		},
		{name: "X alone", given: given{"X_BEARER_TOKEN": "hunter2x"}, bearer: "hunter2x", missing: []string{"quotes are Cboe's"}},
		{name: "Alpaca alone", given: given{"APCA_API_KEY_ID": "hunter2k", "APCA_API_SECRET_KEY": "hunter2s"}, keys: "hunter2k hunter2s", missing: []string{"x is not read"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ends, err := test.flags.resolve(test.given.environment())
			if err != nil {
				t.Fatal(err)
			}
			bearer := ""
			if ends.twitter != nil {
				bearer = string(ends.twitter.Bearer)
				if ends.twitter.BaseURL != twitter.BaseURL {
					t.Errorf("got %s, want X's own address", ends.twitter.BaseURL)
				}
			}
			if keys := strings.TrimSpace(ends.stocks.Key + " " + ends.stocks.Secret); bearer != test.bearer || keys != test.keys {
				t.Errorf("got token %q and keys %q, want %q and %q", bearer, keys, test.bearer, test.keys)
			}
			if len(ends.missing) != len(test.missing) {
				t.Fatalf("got missing %q, want %d lines", ends.missing, len(test.missing))
			}
			for i, want := range test.missing {
				if !strings.Contains(ends.missing[i], want) {
					t.Errorf("got %q, want %q in it", ends.missing[i], want)
				}
			}
			if err := ends.bluesky.Validate(); err != nil {
				t.Error(err)
			}
			if !slices.Equal(ends.tickers, watchlist.Default()) || !slices.Equal(ends.bluesky.Tickers.List(), ends.tickers) {
				t.Errorf("got %v, and %v at Bluesky, want the default list", ends.tickers, ends.bluesky.Tickers.List())
			}
			saysNoSecret(t, ends)
		})
	}
}

// saysNoSecret prints, logs and encodes.
func saysNoSecret(t *testing.T, ends liveEnds) {
	t.Helper()
	var out strings.Builder
	for _, value := range []any{ends, &ends, ends.twitter, ends.stocks, ends.missing} {
		_, _ = fmt.Fprintf(&out, "%v %+v %#v %s\n", value, value, value, value)
		slog.New(slog.NewJSONHandler(&out, nil)).InfoContext(t.Context(), "ends", "value", value)
		slog.New(slog.NewTextHandler(&out, nil)).InfoContext(t.Context(), "ends", "value", value)
		if twitter, ok := value.(*twitter.Config); ok && twitter != nil {
			_, _ = fmt.Fprintf(&out, "%v %+v %#v\n", *twitter, *twitter, *twitter)
			value = struct{ Base, Bearer any }{twitter.BaseURL, twitter.Bearer}
		}
		if stocks, ok := value.(*stocks.Config); ok {
			_, _ = fmt.Fprintf(&out, "%v %+v %#v\n", *stocks, *stocks, *stocks)
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(encoded)
	}
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, hidden) {
			t.Errorf("got a secret in %s", line)
		}
	}
}

func TestLiveEndsRefused(t *testing.T) {
	t.Parallel()
	keys := func(key, secret string) given { return given{"APCA_API_KEY_ID": key, "APCA_API_SECRET_KEY": secret} }
	tests := []struct {
		name  string
		flags liveFlags
		given given
		want  string
	}{
		{"the key alone", liveFlags{}, keys("hunter2k", ""), "APCA_API_KEY_ID is set without APCA_API_SECRET_KEY: set both"},
		{"the secret alone", liveFlags{}, keys("", "hunter2s"), "APCA_API_SECRET_KEY is set without APCA_API_KEY_ID: set both"},
		{"a key of two lines", liveFlags{}, keys("hunter2\nk", "hunter2s"), "APCA_API_KEY_ID is no key of Alpaca"},
		{"a quoted secret", liveFlags{}, keys("hunter2k", `"hunter2s"`), "APCA_API_SECRET_KEY is no key of Alpaca"},
		{"a token with its scheme", liveFlags{}, given{"X_BEARER_TOKEN": "Bearer hunter2"}, "bearer token of X is none"},
		{"both a token and a file", liveFlags{}, given{"X_BEARER_TOKEN": "hunter2", "X_BEARER_TOKEN_FILE": "/x"}, "both X_BEARER_TOKEN and X_BEARER_TOKEN_FILE are set: keep one"},
		{"a token for a file", liveFlags{}, given{"X_BEARER_TOKEN_FILE": "hunter2"}, "X_BEARER_TOKEN_FILE names a file that cannot be read (file does not exist)"},
		{"an empty file", liveFlags{}, given{"X_BEARER_TOKEN_FILE": "/x", "file /x": " \n"}, "X_BEARER_TOKEN_FILE names a file that is empty"},
		{"X in the clear", liveFlags{XURL: "http://api.x.com"}, given{"X_BEARER_TOKEN": "hunter2"}, "must be https"},
		{"a password in X's address", liveFlags{XURL: "https://me:hunter2@api.x.com"}, nil, "--x-url: must be a URL without a user"},
		{"a password in Bluesky's", liveFlags{BlueskyURL: []string{"wss://one.example", "wss://me:hunter2@two.example"}}, nil, "--bluesky-url: must be"},
		{"a password in Cboe's", liveFlags{CboeURL: "https://hunter2@cdn.cboe.com"}, nil, "--cboe-url: must be"},
		{"no websocket", liveFlags{BlueskyURL: []string{"https://jetstream.example"}}, nil, "want ws://host or wss://host"},
		{"no socket of Alpaca", liveFlags{AlpacaStreamURL: "https://alpaca.example"}, nil, "stream url"},
		{"a negative budget", liveFlags{XDailyReads: new(-1)}, given{"X_BEARER_TOKEN": "hunter2"}, "daily reads is -1"},
		{"no ticker", liveFlags{Tickers: "AAPL,A_B"}, nil, `--tickers: line 1: "A_B" is no ticker`},
		{"no ticker in a file", liveFlags{Tickers: "@/list"}, given{"file /list": "AAPL\n\n$\n"}, `--tickers names /list: tickers: line 3: "$" is no ticker`},
		{"no list", liveFlags{Tickers: "@/list"}, nil, "--tickers names /list: cannot read it: file does not exist"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ends, err := test.flags.resolve(test.given.environment())
			if err == nil {
				t.Fatalf("got %+v, want an error", ends)
			}
			if text := err.Error(); !strings.Contains(text, test.want) || strings.Contains(text, hidden) || strings.Contains(text, "\n") {
				t.Errorf("got %q, want one line with %q and no secret", text, test.want)
			}
			if exit, ok := errors.AsType[exitError](err); !ok || exit.code != exitUsage {
				t.Errorf("got %v, want wrong use", err)
			}
			if ends.twitter != nil || ends.stocks != nil {
				t.Errorf("got %+v beside the error, want nothing", ends)
			}
		})
	}
}

func TestLiveFlags(t *testing.T) {
	t.Parallel()
	var cli struct {
		liveFlags `embed:""`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse([]string{
		"--tickers", "@/list", "--x-url", "http://127.0.0.1:1", "--x-daily-reads", "0", "--x-monthly-reads", "7",
		"--bluesky-url", "ws://127.0.0.1:2,ws://127.0.0.1:3", "--alpaca-stream-url", "ws://127.0.0.1:4", "--alpaca-data-url", "http://127.0.0.1:5",
		"--alpaca-trading-url", "http://127.0.0.1:6", "--cboe-url", "http://127.0.0.1:7",
	})
	if err != nil {
		t.Fatal(err)
	}
	ends, err := cli.resolve(given{"X_BEARER_TOKEN": "hunter2", "file /list": "tsla\n$AAPL # the fruit\n"}.environment())
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(ends.twitter.BaseURL, ends.twitter.DailyReads, ends.twitter.MonthlyReads, ends.bluesky.V2, ends.bluesky.V1,
		ends.stocks.StreamURL, ends.stocks.DataURL, ends.stocks.TradingURL, ends.stocks.CboeURL, ends.tickers)
	want := fmt.Sprint("http://127.0.0.1:1", 0, 7, "[ws://127.0.0.1:2 ws://127.0.0.1:3][ws://127.0.0.1:2 ws://127.0.0.1:3]",
		"ws://127.0.0.1:4http://127.0.0.1:5http://127.0.0.1:6http://127.0.0.1:7[AAPL TSLA]")
	if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

func TestSecretFileIsBounded(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]int{"the most": maxSecret, "more": maxSecret + 1} {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(strings.Repeat("x", length)), 0o600); err != nil {
			t.Fatal(err)
		}
		content, err := readBounded(path)
		if (err == nil) != (length <= maxSecret) {
			t.Errorf("%s: got %d bytes, %v", name, len(content), err)
		}
	}
}
