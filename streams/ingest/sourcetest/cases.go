package sourcetest

import (
	"slices"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams/ingest"
	"cashtag/streams/streamstest"
)

// many is how many events most cases publish.
const many = 40

func testStores(t *testing.T, b *bench) {
	r := b.start(t, b.Client)
	all := b.events(0, many)
	for half := range slices.Chunk(all, many/2) {
		b.vendor.Publish(t, half...)
	}
	ids := b.holds(t, all)
	last := map[string]int{} // by ticker, since a source may feed streams of its own for them
	for i, event := range all {
		at := slices.Index(ids, event.ID)
		if before, ok := last[event.Subject]; ok && at < before {
			t.Errorf("event %d, %s, stands before the one it follows", i, event.ID)
		}
		last[event.Subject] = at
	}
	r.end(t)
	if got := r.Stats(); got.Accepted != many || got.State != ingest.StateEnded {
		t.Errorf("stats: got %+v, want %d accepted and ended", got, many)
	}
	for _, ticker := range b.suite.Tickers[:2] {
		if got := b.tally.Of(ticker, ingest.Accepted); got != many/2 {
			t.Errorf("tally of %s: got %d accepted, want %d", ticker, got, many/2)
		}
	}
	b.released(t, time.Now())
}

func testCut(t *testing.T, b *bench) {
	r := b.start(t, b.Client)
	b.vendor.Publish(t, b.events(0, 10)...)
	b.holds(t, b.events(0, 10))
	for n := 10; n < many; n += 10 {
		b.vendor.Cut(t)
		b.vendor.Publish(t, b.events(n, n+10)...) // some while nobody is connected
		b.holds(t, b.events(0, n+10))
	}
	b.connected(t)
	b.vendor.Publish(t, b.events(many, many+1)...)
	b.holds(t, b.events(0, many+1))
	r.end(t)
	if got := r.Stats(); got.Reconnects == 0 {
		t.Errorf("stats: got %+v, want the reconnects counted", got)
	}
}

// testKill takes the server away from the engine while events come, and starts
// another engine and another source where it fell.
func testKill(t *testing.T, b *bench) {
	doomed := streamstest.Connect(t, b.Server)
	r := b.start(t, doomed)
	b.vendor.Publish(t, b.events(0, 10)...)
	b.holds(t, b.events(0, 10))
	b.vendor.Publish(t, b.events(10, 20)...)
	doomed.Conn.Close()
	r.Cancel()
	_ = r.Wait(t) // however it ended
	b.released(t, time.Now())
	b.vendor.Publish(t, b.events(20, 30)...)
	r = b.start(t, b.Client)
	b.holds(t, b.events(0, 30))
	b.vendor.Publish(t, b.events(30, many)...)
	b.holds(t, b.events(0, many))
	r.end(t)
}

func testMarket(t *testing.T, b *bench) {
	r := b.start(t, b.Client)
	for n := 0; n < many; n += 20 {
		b.vendor.Publish(t, b.events(n, n+10)...)
		b.holds(t, b.events(0, n+10))
		b.session(t, false)
		b.released(t, time.Now())
		streamstest.Eventually(t, "closed", func() bool { return r.Stats().State == ingest.StateClosed })
		b.vendor.Publish(t, b.events(n+10, n+20)...)
		b.session(t, true)
		b.connected(t)
		b.holds(t, b.events(0, n+20))
	}
	r.end(t)
}

func testFlag(t *testing.T, b *bench) {
	r := b.start(t, b.Client)
	b.vendor.Publish(t, b.events(0, 10)...)
	b.flag.Set(false) // with events on their way
	b.released(t, time.Now())
	streamstest.Eventually(t, "off", func() bool { return r.Stats().State == ingest.StateOff })
	b.flag.Set(true)
	b.connected(t)
	b.vendor.Publish(t, b.events(10, 20)...)
	b.holds(t, b.events(0, 20))
	r.end(t)
}

// testTickers changes the list while events come. Nobody says when a change has
// reached the vendor, so what is about the tickers that come and go may be stored
// or not for a while. The one that stays must not notice.
func testTickers(t *testing.T, b *bench) {
	stays, goes, comes := b.suite.Tickers[0], b.suite.Tickers[1], b.suite.Tickers[2]
	b.tickers.Set(stays, goes)
	r := b.start(t, b.Client)
	b.vendor.Publish(t, b.events(0, 10)...)
	b.holds(t, b.events(0, 10))
	b.tickers.Set(stays, comes)
	want, n := b.events(0, 10), 10
	var either []schemas.Event
	streamstest.Eventually(t, "the change to be effective", func() bool {
		gone, came, stayed := b.suite.Event(n, goes), b.suite.Event(n+1, comes), b.suite.Event(n+2, stays)
		n += 3
		b.vendor.Publish(t, gone, came, stayed)
		want, either = append(want, stayed), append(either, gone, came)
		ids := b.holds(t, want, either...)
		return slices.Contains(ids, came.ID) && !slices.Contains(ids, gone.ID)
	})
	last := []schemas.Event{b.suite.Event(n, comes), b.suite.Event(n+1, stays)}
	b.vendor.Publish(t, last...)
	b.holds(t, append(want, last...), either...)
	r.end(t)
}

func testMalformed(t *testing.T, b *bench) {
	r := b.start(t, b.Client)
	b.vendor.Publish(t, b.events(0, 10)...)
	b.vendor.Garble(t)
	b.vendor.Publish(t, b.events(10, 20)...)
	b.holds(t, b.events(0, 20))
	if got := b.tally.Sum(ingest.Malformed); got != 1 {
		t.Errorf("tally: got %d malformed, want 1", got)
	}
	r.end(t)
}

func testRefusal(t *testing.T, b *bench) {
	r := b.start(t, b.Client)
	b.vendor.Publish(t, b.events(0, 10)...)
	b.holds(t, b.events(0, 10))
	b.vendor.Refuse(t)
	b.vendor.Cut(t)
	if err := r.Wait(t); !ingest.IsFatal(err) {
		t.Errorf("run: got %v, want an error that was marked by Fatal", err)
	}
	b.released(t, time.Now())
	b.holds(t, b.events(0, 10))
}
