package twitter_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cashtag/embedded/xd"
	"cashtag/embedded/xd/xdtest"
	"cashtag/services/twitter"
	"cashtag/streams/ingest"
)

// TestGapIsSearchedAgain has an index that lags: the first search after a reconnect
// does not show what came just before it, and the cursor waits until one does.
func TestGapIsSearchedAgain(t *testing.T) {
	t.Parallel()
	var world atomic.Int64 // seconds since the first post
	world.Store(5)
	now := func() time.Time { return firstPost.Add(time.Duration(world.Load()) * time.Second) }
	server := xdtest.Start(t, func(c *xd.Config) { c.Now, c.SearchDelay = now, 30*time.Second })
	config := hasty(server)
	config.Now = now
	config.SearchLag = 300 * time.Millisecond
	e := newEngine(t, config, followed, ingest.Uncounted{})
	e.connect(t, server)
	publish(t, server, posts(0, 5)...)
	e.has(t, 5)
	before := postIn(t, e.cursor)
	server.Cut()
	publish(t, server, posts(5, 10)...) // by nobody
	e.connect(t, server)
	publish(t, server, posts(10, 15)...)
	if err := e.until(t.Context(), func() bool { return e.seen[posts(14, 15)[0].ID] }); err != nil {
		t.Fatal(err)
	}
	if got := postIn(t, e.cursor); got != before {
		t.Errorf("got the cursor at %s in a gap, want it to stay at %s", got, before)
	}
	world.Store(60)
	e.has(t, 15)
	newest := strings.TrimPrefix(posts(14, 15)[0].ID, "x:")
	if err := e.until(t.Context(), func() bool { return postIn(t, e.cursor) == newest }); err != nil {
		t.Fatal(err)
	}
	checkOnce(t, e)
}

func postIn(t *testing.T, cursor string) string {
	t.Helper()
	place, err := twitter.ParsePlace(cursor)
	if err != nil {
		t.Fatal(err)
	}
	return place.PostID
}

// TestRestartFillsByPages reads a gap of several pages and queries in order.
func TestRestartFillsByPages(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	config := hasty(server)
	e := newEngine(t, config, followed, ingest.Uncounted{})
	e.connect(t, server)
	publish(t, server, posts(0, 1)...)
	e.has(t, 1)
	if err := e.source.Close(); err != nil {
		t.Fatal(err)
	}
	publish(t, server, posts(1, 351)...)
	restarted := newEngine(t, config, followed, ingest.Uncounted{})
	restarted.cursor = e.cursor
	restarted.has(t, 351) // the overlap comes again
	checkOnce(t, restarted)
	for i, event := range restarted.events {
		if i > 0 && event.Time.Before(restarted.events[i-1].Time) {
			t.Fatalf("post %d is older than the one before it", i)
		}
	}
}

// TestGapOlderThanTheIndex fills what X still has.
func TestGapOlderThanTheIndex(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t, func(c *xd.Config) {
		c.SearchWindow = 7 * 24 * time.Hour
		c.Now = func() time.Time { return firstPost.Add(7*24*time.Hour + 50*time.Second) }
	})
	publish(t, server, posts(0, 100)...)
	e := newEngine(t, hasty(server), followed, ingest.Uncounted{})
	e.cursor = strings.TrimPrefix(posts(10, 11)[0].ID, "x:")
	e.has(t, 50)
	if first := e.events[0].ID; first != posts(50, 51)[0].ID {
		t.Errorf("got %s first, want the oldest that X has, %s", first, posts(50, 51)[0].ID)
	}
}

// TestCutBeforeTheFirstPost searches from when the stream was opened.
func TestCutBeforeTheFirstPost(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	publish(t, server, posts(0, 5)...) // before anybody asked for them
	config := hasty(server)
	config.Now = func() time.Time { return firstPost.Add(5 * time.Second) }
	e := newEngine(t, config, followed, ingest.Uncounted{})
	e.connect(t, server)
	server.Cut()
	publish(t, server, posts(5, 10)...)
	e.has(t, 5)
	if got, want := e.events[0].ID, posts(5, 6)[0].ID; got != want || len(e.events) != 5 {
		t.Errorf("got %d posts from %s on, want 5 from %s", len(e.events), got, want)
	}
}

// TestGapReadsAreBounded buys the newest posts of a gap that is too long.
func TestGapReadsAreBounded(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	publish(t, server, posts(0, 400)...)
	config := hasty(server)
	config.GapReads = 150
	e := newEngine(t, config, followed, ingest.Uncounted{})
	e.cursor = strings.TrimPrefix(posts(0, 1)[0].ID, "x:")
	e.has(t, 150)
	newest := strings.TrimPrefix(posts(399, 400)[0].ID, "x:")
	if err := e.until(t.Context(), func() bool { return postIn(t, e.cursor) == newest }); err != nil {
		t.Fatal(err)
	}
	if first := e.events[0].ID; first != posts(250, 251)[0].ID || e.source.Spend().Today != 150 {
		t.Errorf("got %d posts from %s on, want the newest 150", e.source.Spend().Today, first)
	}
}
