package sourcetest

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/ingest"
	"cashtag/streams/streamstest"
)

// bench is one stand-in, one server and one engine between them.
type bench struct {
	*streamstest.Server

	suite   Suite
	vendor  Vendor
	tickers *Tickers
	tally   *Tally
	flag    *streamstest.Switch
	market  *ingest.Market
	opened  time.Time // of the next session
}

func newBench(t *testing.T, suite Suite) *bench {
	t.Helper()
	b := &bench{
		Server:  streamstest.Start(t),
		suite:   suite,
		vendor:  suite.Open(t),
		tickers: NewTickers(suite.Tickers...),
		tally:   NewTally(),
		flag:    streamstest.NewSwitch(true),
		opened:  time.Date(2026, 3, 16, 13, 30, 0, 0, time.UTC),
	}
	var err error
	if b.market, err = ingest.FollowMarket(t.Context(), b.Client, "sourcetest", nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.market.Close)
	b.session(t, true)
	return b
}

// session opens or closes the market.
func (b *bench) session(t *testing.T, open bool) {
	t.Helper()
	day, ok := calendar.XNYS().Session(calendar.DateOf(b.opened))
	if !ok {
		t.Fatalf("%s is no trading day", b.opened)
	}
	event := day.Opened()
	if !open {
		event = day.Closed()
		b.opened = b.opened.AddDate(0, 0, 1)
	}
	b.Publish(t, event)
	streamstest.Eventually(t, "the market's state", func() bool { return b.market.On() == open })
}

// session is the setting of a source that follows the market's session.
type session struct{}

// Value implements ingest.Hours.
func (session) Value() string { return ingest.HoursSession }

// Changed implements ingest.Hours.
func (session) Changed() <-chan struct{} { return nil }

// run is an engine that was started.
type run struct {
	*ingest.Runner
	*streamstest.Running
}

// start runs a new source, and waits until it is connected.
func (b *bench) start(t *testing.T, client *streams.Client) *run {
	t.Helper()
	cfg := ingest.DefaultConfig("sourcetest", b.suite.Subjects...)
	cfg.MinBackoff, cfg.MaxBackoff = 5*time.Millisecond, 50*time.Millisecond
	cfg.Tally = b.tally
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	source := b.vendor.Source(t, b.tickers, b.tally)
	gates := ingest.Gates{Flag: b.flag, Hours: session{}, Market: b.market}
	runner, err := ingest.New(client, streamstest.NewPublisher(t, client), source, gates, logger, cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{runner, streamstest.Run(t, runner.Run)} // and so ends before its stand-in does
	b.connected(t)
	return r
}

func (b *bench) connected(t *testing.T) {
	t.Helper()
	streamstest.Eventually(t, "a connection", func() bool { return b.vendor.Connections() > 0 })
}

// released waits until the source let go of the vendor, as soon as was promised.
func (b *bench) released(t *testing.T, since time.Time) {
	t.Helper()
	streamstest.Eventually(t, "the source to let go", func() bool { return b.vendor.Connections() == 0 })
	if took := time.Since(since); took > 2*time.Second {
		t.Errorf("the source let go after %s, want it within 2s", took)
	}
}

// end stops the engine and expects it to end well.
func (r *run) end(t *testing.T) {
	t.Helper()
	if err := r.Stop(t); err != nil {
		t.Errorf("run: got %v, want nil", err)
	}
}

// events are those from..to-1, about the first two tickers in turn.
func (b *bench) events(from, to int) []schemas.Event {
	events := make([]schemas.Event, 0, to-from)
	for i := from; i < to; i++ {
		events = append(events, b.suite.Event(i, b.suite.Tickers[i%2]))
	}
	return events
}

// stored is what the streams hold of the source's subjects, in order.
func (b *bench) stored(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, subject := range b.suite.Subjects {
		found, err := streams.LastIDs(t.Context(), b.Client, subject, 1_000_000)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, found...)
	}
	return ids
}

// holds waits until the streams hold the events, and checks that each is there
// once, and nothing else but what may be there or not. It returns all ids.
func (b *bench) holds(t *testing.T, events []schemas.Event, either ...schemas.Event) []string {
	t.Helper()
	var (
		ids  []string
		left string
	)
	missing := func() bool {
		ids, left = b.stored(t), ""
		for _, event := range events {
			if !slices.Contains(ids, event.ID) {
				left = event.ID
			}
		}
		return left != ""
	}
	deadline := time.After(streamstest.Patience)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for missing() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("got %d events stored within %s, want %d, such as %s", len(ids), streamstest.Patience, len(events), left)
		}
	}
	times := map[string]int{}
	for _, id := range ids {
		if times[id]++; times[id] == 2 {
			t.Errorf("event %s is stored more than once", id)
		}
	}
	for _, event := range slices.Concat(events, either) {
		delete(times, event.ID)
	}
	for id := range times {
		t.Errorf("event %s is stored, and nobody published it for this list", id)
	}
	return ids
}
