package twitter_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"testing"
	"time"

	"cashtag/embedded/xd"
	"cashtag/embedded/xd/xdtest"
	"cashtag/schemas"
	"cashtag/services/twitter"
	"cashtag/streams/ingest"
)

// patience bounds what a test waits for.
const patience = 20 * time.Second

// hasty is a configuration for a stand-in: everything plays, and what X measures in
// seconds is measured in milliseconds.
func hasty(server *xd.Server) twitter.Config {
	config := twitter.DefaultConfig()
	config.BaseURL = server.URL()
	config.Bearer = xdtest.Bearer
	config.Lang, config.Retweets = "", true
	config.DailyReads, config.MonthlyReads, config.GapReads = 0, 0, 0
	config.Silence = 2 * time.Second
	config.SearchLag = 100 * time.Millisecond
	config.Backoff = twitter.Backoff{
		Network: time.Millisecond, NetworkMax: 20 * time.Millisecond,
		Server: 2 * time.Millisecond, ServerMax: 20 * time.Millisecond,
		RateLimit: 3 * time.Millisecond, RateLimitMax: 20 * time.Millisecond,
	}
	return config
}

// engine asks a source as the engine in does, and keeps each event once.
type engine struct {
	tb     testing.TB
	source *twitter.Source
	cursor string
	events []schemas.Event
	seen   map[string]bool
	again  int // events that came again
	errs   []error
}

func newEngine(tb testing.TB, config twitter.Config, tickers ingest.Tickers, tally ingest.Tally) *engine {
	tb.Helper()
	source, err := twitter.New(config, tickers, tally, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := source.Close(); err != nil {
			tb.Error(err)
		}
	})
	return &engine{tb: tb, source: source, seen: make(map[string]bool)}
}

// step calls Next once and stores what it returns.
func (e *engine) step(ctx context.Context) error {
	events, next, err := e.source.Next(ctx, e.cursor)
	e.cursor = next
	for _, event := range events {
		if e.seen[event.ID] {
			e.again++
			continue
		}
		e.seen[event.ID] = true
		e.events = append(e.events, event)
	}
	return err
}

// until steps until enough says so, waiting between attempts as the source asks. It
// returns the error that ended it, nil where it was enough.
func (e *engine) until(ctx context.Context, enough func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !enough() {
		err := e.step(ctx)
		if err == nil {
			continue
		}
		e.errs = append(e.errs, err)
		if enough() {
			return nil
		}
		retry, ok := errors.AsType[*ingest.Retry](err)
		if !ok {
			return err
		}
		select {
		case <-time.After(retry.After):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func encoded(tb testing.TB, events []schemas.Event) []string {
	tb.Helper()
	lines := make([]string, len(events))
	for i, event := range events {
		line, err := event.Encode()
		if err != nil {
			tb.Fatal(err)
		}
		lines[i] = string(line)
	}
	slices.Sort(lines)
	return lines
}

// tweetsOf are the posts of X among events, and the tickers that they name.
func tweetsOf(tb testing.TB, all iter.Seq2[schemas.Event, error]) (posts []schemas.Event, tickers []string) {
	tb.Helper()
	for event, err := range all {
		if err != nil {
			tb.Fatal(err)
		}
		if tweet, ok := event.Data.(*schemas.Tweet); ok && tweet.Platform == schemas.PlatformX {
			posts = append(posts, event)
			tickers = append(tickers, tweet.Tickers...)
		}
	}
	slices.Sort(tickers)
	return posts, slices.Compact(tickers)
}

// playThrough publishes posts to a stand-in, reads them through a client, and
// compares byte by byte.
func playThrough(t *testing.T, posts []schemas.Event, tickers []string) {
	t.Helper()
	for name, opts := range map[string]func(*xd.Config){
		"before":  func(*xd.Config) {},
		"renamed": func(c *xd.Config) { c.Renamed = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := xdtest.Start(t, opts)
			config := hasty(server)
			config.Source = posts[0].Source
			e := newEngine(t, config, ingest.Fixed(tickers), ingest.Uncounted{})
			published := make(chan error, 1)
			go func() {
				err := server.Await(t.Context())
				for batch := range slices.Chunk(posts, 500) {
					if err == nil {
						err = server.Publish(batch...)
					}
				}
				published <- err
			}()
			if err := e.until(t.Context(), func() bool { return len(e.events) >= len(posts) }); err != nil {
				t.Fatalf("got %v after %d of %d posts", err, len(e.events), len(posts))
			}
			if err := <-published; err != nil {
				t.Fatal(err)
			}
			got, want := encoded(t, e.events), encoded(t, posts)
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("post %d:\n got %s\nwant %s", i, got[i], want[i])
				}
			}
			if !slices.IsSortedFunc(e.events, func(a, b schemas.Event) int { return a.Time.Compare(b.Time) }) {
				t.Error("got posts out of order")
			}
		})
	}
}

// tweaked is an event whose post may be changed.
type tweaked struct {
	schemas.Event

	tweet *schemas.Tweet
}

func tweak(event schemas.Event) tweaked {
	tweet := *event.Data.(*schemas.Tweet)
	event.Data = &tweet
	return tweaked{event, &tweet}
}
