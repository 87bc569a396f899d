package twitter_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"cashtag/embedded/xd"
	"cashtag/embedded/xd/xdtest"
	"cashtag/internal/demo"
	"cashtag/services/twitter"
	"cashtag/streams/ingest"
)

// everyFault is a bad day, in the order in which connections meet it.
var everyFault = []xd.Fault{
	{Kind: xd.Split, Count: 11},
	{Kind: xd.Cut, After: 40},
	{Kind: xd.Unavailable},
	{On: xd.OnRules, Kind: xd.Unavailable},
	{Kind: xd.Disconnect, After: 30},
	{On: xd.OnSearch, Kind: xd.RateLimited, Wait: time.Millisecond},
	{Kind: xd.Repeat, Count: 200},
	{Kind: xd.RateLimited, Wait: time.Millisecond},
	{Kind: xd.Silent, After: 25},
	{Kind: xd.NoRules},
	{On: xd.OnSearch, Kind: xd.Unavailable},
	{Kind: xd.TooMany, After: 10},
	{Kind: xd.Malformed, After: 20},
	{Kind: xd.Joined, Count: 30},
	{Kind: xd.Slow, Wait: 100 * time.Microsecond},
	{Kind: xd.Cut},
	{On: xd.OnRules, Kind: xd.RateLimited, Wait: time.Millisecond},
}

// TestBadDay plays the demo day with every fault, cuts after each stretch, a change
// of the list, a token that is refused, and restarts: every post is there once.
func TestBadDay(t *testing.T) {
	t.Parallel()
	day, err := demo.New()
	if err != nil {
		t.Fatal(err)
	}
	all, _ := tweetsOf(t, day.Events())
	server := xdtest.Start(t, func(c *xd.Config) { c.KeepAlive = 10 * time.Millisecond })
	server.Inject(everyFault...)
	config := hasty(server)
	config.Source = all[0].Source
	config.Silence = 100 * time.Millisecond
	config.SearchLag = 5 * time.Millisecond
	e := newEngine(t, config, ingest.Fixed(day.Tickers()), ingest.Uncounted{})
	parts := slices.Collect(slices.Chunk(all, (len(all)+39)/40))
	stored := 0
	for i, part := range parts {
		if server.Faults() > 0 || i%3 > 0 { // the others are published while nobody may be connected
			e.idle(t, server)
		}
		met := len(e.errs)
		publish(t, server, part...)
		stored += len(part)
		e.has(t, stored)
		if i == len(parts)*3/4 {
			e = restart(t, server, e, config, day.Tickers())
		}
		if len(e.errs) == met { // a connection that lasts has met its fault, or has none
			server.Cut()
		}
	}
	if left := server.Faults(); left > 0 {
		t.Errorf("got %d faults left, want all met", left)
	}
	for _, want := range []error{
		twitter.ErrSilent, &twitter.StreamError{Title: "operational-disconnect"}, &twitter.StreamError{Title: "ConnectionException"},
		&twitter.StatusError{Status: 409}, &twitter.StatusError{Status: 429}, &twitter.StatusError{Status: 503},
	} {
		checkReason(t, e.errs, want)
	}
	got, want := encoded(t, e.events), encoded(t, all)
	if !slices.Equal(got, want) {
		t.Errorf("got %d posts, want the %d of the day, byte by byte", len(got), len(want))
	}
}

// restart is another process behind a token that was refused: it goes on from what
// was stored.
func restart(t *testing.T, server *xd.Server, e *engine, config twitter.Config, tickers []string) *engine {
	t.Helper()
	if err := e.source.Close(); err != nil {
		t.Fatal(err)
	}
	source, err := twitter.New(config, ingest.Fixed(tickers), ingest.Uncounted{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	again := *e
	again.source = source
	server.Inject(xd.Fault{On: xd.OnRules, Kind: xd.Unauthorized})
	for !ingest.IsFatal(again.step(t.Context())) { // the faults before it are met first
	}
	return &again
}

// idle steps until the stream is open and no gap is left to search.
func (e *engine) idle(t *testing.T, server *xd.Server) {
	t.Helper()
	for e.connect(t, server); e.source.Searching(); e.connect(t, server) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		err := e.step(ctx) // which ends with ctx where there is nothing to say
		cancel()
		if ingest.IsFatal(err) {
			t.Fatal(err)
		}
	}
}
