package twitter_test

import (
	"bufio"
	"log/slog"
	"strings"
	"testing"

	"cashtag/embedded/xd/xdtest"
	"cashtag/services/twitter"
	"cashtag/streams/ingest"
	"cashtag/streams/ingest/sourcetest"
)

// TestReadLineHoldsNoMoreThanItsBound passes over a line that is too long without
// holding it, and reads the next one.
func TestReadLineHoldsNoMoreThanItsBound(t *testing.T) {
	t.Parallel()
	reader := bufio.NewReader(strings.NewReader(strings.Repeat("a", 5<<20) + "\r\nnext\r\ncut"))
	if line, long, err := twitter.ReadLine(reader); !long || cap(line) > 0 || err != nil {
		t.Errorf("got %d bytes, long %v, %v, want nothing held of a long line", cap(line), long, err)
	}
	if line, long, err := twitter.ReadLine(reader); string(line) != "next\r\n" || long || err != nil {
		t.Errorf("got %q, long %v, %v, want the next line", line, long, err)
	}
	if line, _, err := twitter.ReadLine(reader); err == nil {
		t.Errorf("got %q, want no line that was cut", line)
	}
}

// TestMalformedIsSampled counts each frame that is no post, and shows one a minute.
func TestMalformedIsSampled(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	var log strings.Builder
	tally := sourcetest.NewTally()
	source, err := twitter.New(hasty(server), followed, tally, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{tb: t, source: source, seen: make(map[string]bool)}
	e.connect(t, server)
	server.Send([]byte(strings.Repeat("a", 2<<20)))
	for range 20 {
		server.Send([]byte(`{"data":{"id":"12","text":"private $AAPL",}}`))
	}
	publish(t, server, posts(0, 1)...)
	e.has(t, 1)
	if err := source.Close(); err != nil {
		t.Fatal(err)
	}
	if got := tally.Sum(ingest.Malformed); got != 21 {
		t.Errorf("got %d malformed, want 21", got)
	}
	if got := strings.Count(log.String(), "malformed post of X"); got != 1 || strings.Contains(log.String(), "private") {
		t.Errorf("got it %d times in the log, want once and without what it said:\n%s", got, log.String())
	}
}

// TestForeignPlaceIsFatal does not start in the wrong place.
func TestForeignPlaceIsFatal(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	e := newEngine(t, hasty(server), followed, ingest.Uncounted{})
	e.cursor = "did:plc:x/1"
	if err := e.step(t.Context()); !ingest.IsFatal(err) {
		t.Errorf("got %v, want it fatal", err)
	}
}
