package sourcetest

import (
	"testing"

	"cashtag/schemas"
	"cashtag/streams/ingest"
)

// Suite says how to test one kind of source.
type Suite struct {
	// Subjects are those that the source publishes on, as in ingest.Config.
	Subjects []string
	// Tickers are three or more, sorted.
	Tickers []string
	// Event makes the i-th event, about the given ticker. Events of one i and ticker
	// are equal, and a larger i is later by at least a second. It must be of a kind
	// that the source finds again when it fills a gap.
	Event func(i int, ticker string) schemas.Event
	// Open starts a stand-in of the vendor that has no past. It is closed by
	// t.Cleanup.
	Open func(t *testing.T) Vendor
}

// Vendor is a running stand-in of a vendor, and what makes sources that read it.
// Its methods may be called while sources read.
type Vendor interface {
	// Source returns a new source that reads the stand-in, as a new process would
	// have it: the suite never uses two at once. Its pauses should be some
	// milliseconds. It counts on tally what it drops.
	Source(t *testing.T, tickers ingest.Tickers, tally ingest.Tally) ingest.Source
	// Publish makes the vendor yield the events, in order: to who is connected now,
	// and later to who asks for what was missed.
	Publish(t *testing.T, events ...schemas.Event)
	// Cut breaks every connection. Who comes again is served.
	Cut(t *testing.T)
	// Garble sends one thing in place of an event that no client can decode, to who
	// is connected, and keeps the connection.
	Garble(t *testing.T)
	// Refuse turns away from now on whoever connects, for a reason that no waiting
	// mends, such as a token that was revoked. Connections that are up stay.
	Refuse(t *testing.T)
	// Connections is how many clients are connected and would be sent an event that
	// is published now.
	Connections() int
}

// Run runs the whole suite, one subtest a promise.
func Run(t *testing.T, suite Suite) {
	t.Helper()
	if len(suite.Tickers) < 3 {
		t.Fatalf("tickers are %q: the suite needs three", suite.Tickers)
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, *bench)
	}{
		{"stores each event once in order", testStores},
		{"a cut leaves no gap and no double", testCut},
		{"kill and restart", testKill},
		{"market closes and opens", testMarket},
		{"flag off and on", testFlag},
		{"followed list changes", testTickers},
		{"malformed is passed over", testMalformed},
		{"a refusal ends it", testRefusal},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, newBench(t, suite)) })
	}
}
