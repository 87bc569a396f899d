package bluesky_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/blueskyd"
	"cashtag/schemas"
	"cashtag/services/bluesky"
	"cashtag/streams/ingest"
)

// within is far more than anything takes, for a machine that does much else.
const within = time.Minute

func serve(tb testing.TB) *blueskyd.Server {
	tb.Helper()
	return serveWith(tb, blueskyd.DefaultConfig())
}

func serveWith(tb testing.TB, cfg blueskyd.Config) *blueskyd.Server {
	tb.Helper()
	s, err := blueskyd.Start(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// configFor reads one stand-in, from its oldest frame on.
func configFor(s *blueskyd.Server) bluesky.Config {
	cfg := bluesky.DefaultConfig()
	cfg.Source = schemas.SourceDemoBluesky
	cfg.V2, cfg.V1 = []string{s.URL()}, []string{s.URL()}
	cfg.DictionaryV1 = s.DictionaryV1()
	cfg.Tickers = ingest.Fixed{"AAPL", "AMD", "BRK.B", "INTC"}
	cfg.Progress = 5 * time.Millisecond
	cfg.FromOldest = true
	return cfg
}

func source(tb testing.TB, cfg bluesky.Config) *bluesky.Source {
	tb.Helper()
	s, err := bluesky.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}

// read asks until n events came, retrying after errors as the engine does, and
// returns them with the last cursor and the errors.
func read(tb testing.TB, s *bluesky.Source, cursor string, n int) (events []schemas.Event, next string, failures []error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), within)
	defer cancel()
	for len(events) < n {
		found, moved, err := s.Next(ctx, cursor)
		if ctx.Err() != nil {
			tb.Fatalf("got %d events within %s, want %d; failures: %v", len(events), within, n, failures)
		}
		if err != nil {
			failures = append(failures, err)
			continue
		}
		events, cursor = append(events, found...), moved
	}
	return events, cursor, failures
}

// readTo reads until an event came, and returns the cursor then.
func readTo(tb testing.TB, s *bluesky.Source, cursor string, last schemas.Event) string {
	tb.Helper()
	for {
		events, next, _ := read(tb, s, cursor, 1)
		if slices.ContainsFunc(events, func(e schemas.Event) bool { return e.ID == last.ID }) {
			return next
		}
		cursor = next
	}
}

// written makes a post of the demo kind, its number in its id and time.
func written(n int, text string, tickers ...string) schemas.Event {
	did := "did:plc:demoaaaaaaaaaaaaaaaaaaaa"
	at := time.Date(2026, 3, 18, 14, 0, 0, 123456789, time.UTC).Add(time.Duration(n) * time.Second)
	tweet := &schemas.Tweet{
		Platform:  schemas.PlatformBluesky,
		PostID:    did + "/3demo" + string(rune('a'+n/26%26)) + string(rune('a'+n%26)),
		CreatedAt: at,
		Text:      text,
		Lang:      "en",
		Tickers:   tickers,
		Cashtags:  tickers,
		Author:    schemas.Author{ID: did},
	}
	return schemas.New(schemas.DemoPrefix+schemas.TweetID(tweet.Platform, tweet.PostID), schemas.SourceDemoBluesky, tickers[0], at, tweet)
}

func publish(tb testing.TB, s *blueskyd.Server, events ...schemas.Event) {
	tb.Helper()
	if err := s.Publish(events...); err != nil {
		tb.Fatal(err)
	}
}

func noise(tb testing.TB, s *blueskyd.Server, n int) {
	tb.Helper()
	if err := s.Noise(n); err != nil {
		tb.Fatal(err)
	}
}

// same fails unless both lists encode to the same bytes.
func same(tb testing.TB, got, want []schemas.Event) {
	tb.Helper()
	for i := range min(len(got), len(want)) {
		g, w := encode(tb, got[i]), encode(tb, want[i])
		if g != w {
			tb.Fatalf("event %d: got\n%s\nwant\n%s", i, g, w)
		}
	}
	if len(got) != len(want) {
		tb.Fatalf("got %d events, want %d", len(got), len(want))
	}
}

func encode(tb testing.TB, event schemas.Event) string {
	tb.Helper()
	line, err := event.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	return string(line)
}

// logbook collects log lines.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logbook) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *logbook) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

// counted is a Tally.
type counted struct {
	mu sync.Mutex
	n  map[ingest.Outcome]int
}

func (c *counted) Count(_ string, outcome ingest.Outcome, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = make(map[ingest.Outcome]int)
	}
	c.n[outcome] += n
}

func (c *counted) of(outcome ingest.Outcome) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[outcome]
}
