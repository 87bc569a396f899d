package sinktest

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable"
)

// Suite says how to test one kind of sink.
type Suite struct {
	// Consumer is the one that the sink serves; its stream must be TWEETS or the
	// suite must be given Event.
	Consumer streams.Consumer
	// Open starts an empty far end and opens a sink at it.
	Open func(t *testing.T) FarEnd
	// Event makes the i-th event; events of one i are equal. The default makes
	// tweets about seven tickers.
	Event func(i int) schemas.Event
	// Poison is a payload that the sink can never store, or nil when it stores
	// anything.
	Poison []byte
}

// FarEnd is one sink and the place where it stores.
type FarEnd struct {
	// Sink writes to the far end.
	Sink durable.Sink
	// Reopen returns another sink at the same far end, as a restart does.
	Reopen func(t *testing.T) durable.Sink
	// Stored returns the ids of the events at the far end, in the order in which it
	// took them where it keeps one. An id is listed as often as it is stored. Where
	// the sink stores something else for an event, the id is the event's.
	Stored func(t *testing.T) []string
	// Ordered says that Stored keeps the order per key.
	Ordered bool
	// Repeats says that the far end may hold an event more than once, as a log that
	// is written at least once does.
	Repeats bool
	// Outage makes the far end fail every call, and ends that.
	Outage func(t *testing.T, on bool)
}

// Run runs the whole suite, one subtest a promise.
func Run(t *testing.T, suite Suite) {
	t.Helper()
	if suite.Event == nil {
		suite.Event = Tweet
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, *bench)
	}{
		{"stores each event once", testStores},
		{"duplicate delivery", testDuplicates},
		{"partial failure", testPartialFailure},
		{"slow past the ack wait", testSlow},
		{"poison", testPoison},
		{"exhausted budget", testExhausted},
		{"fatal", testFatal},
		{"outage", testOutage},
		{"flag off and on", testFlag},
		{"kill and restart", testKill},
		{"requeue", testRequeue},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, newBench(t, suite)) })
	}
}

var tickers = []string{"AAPL", "AMZN", "BRK.B", "GOOG", "INTC", "MSFT", "T"}

// Tweet is the default Event of a Suite.
func Tweet(i int) schemas.Event {
	ticker := tickers[i%len(tickers)]
	at := epoch.Add(secondsOf(i))
	postID := fmt.Sprintf("%09d", i)
	return schemas.New(schemas.TweetID(schemas.PlatformX, postID), schemas.SourceX, ticker, at, &schemas.Tweet{
		Platform:  schemas.PlatformX,
		PostID:    postID,
		CreatedAt: at,
		Text:      fmt.Sprintf("post %d: a good day to hold $%s", i, ticker),
		Lang:      "en",
		Tickers:   []string{ticker},
		Cashtags:  []string{ticker},
		Author:    schemas.Author{ID: strconv.Itoa(i % 97), Followers: int64(i)},
	})
}

// check compares what the far end holds with what it should hold: the events
// 0..n-1 but for those in without.
func (b *bench) check(t *testing.T, n int, without ...string) {
	t.Helper()
	stored := b.far.Stored(t)
	count := make(map[string]int, n)
	for _, id := range stored {
		count[id]++
	}
	for i := range n {
		id := b.suite.Event(i).ID
		got := count[id]
		delete(count, id)
		switch {
		case slices.Contains(without, id):
			if got != 0 {
				t.Errorf("event %s: stored %d times, want 0", id, got)
			}
		case got == 0 || (got > 1 && !b.far.Repeats):
			t.Errorf("event %s: stored %d times, want 1", id, got)
		}
	}
	for id, got := range count {
		t.Errorf("event %s: stored %d times, and nobody published it", id, got)
	}
	if b.far.Ordered {
		b.checkOrder(t, stored, n)
	}
}

// checkOrder looks at the last time that each event was stored: there the events
// of a key stand in the order of the stream.
func (b *bench) checkOrder(t *testing.T, stored []string, n int) {
	t.Helper()
	position := make(map[string]int, len(stored))
	for i, id := range stored {
		position[id] = i
	}
	last := make(map[string]int)
	for i := range n {
		event := b.suite.Event(i)
		at, ok := position[event.ID]
		if !ok {
			continue
		}
		if before, ok := last[event.Subject]; ok && at < before {
			t.Errorf("event %s of key %s: stored at %d, want it behind %d", event.ID, event.Subject, at, before)
		}
		last[event.Subject] = at
	}
}
