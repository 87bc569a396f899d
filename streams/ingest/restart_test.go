package ingest_test

import (
	"net/url"
	"strconv"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/streams/ingest"
	"cashtag/streams/streamstest"
)

// A server that goes away and comes back costs nothing: what is in hand is stored
// then, and the market is followed again.
func TestSurvivesAServerRestart(t *testing.T) {
	dir := t.TempDir()
	first := streamstest.Start(t, func(c *natsd.Config) { c.Dir = dir })
	r := &rig{client: streamstest.Dial(t, first)}
	r.publisher = streamstest.NewPublisher(t, r.client)
	market := r.follow(t)
	gate := make(chan struct{})
	source := newScript(answer{posts(0), "c1", nil}, answer{posts(1, 2), "c2", nil})
	cfg := config()
	cfg.Settled = func([]schemas.Event) { <-gate } // holds the source between its answers
	run := r.start(t, source, ingest.Gates{}, cfg)
	streamstest.Eventually(t, "the first event", func() bool { return run.Stats().Accepted == 1 })

	u, err := url.Parse(first.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	close(gate)
	source.taken(t) // the next events are in hand, and nobody is there to take them
	second := natsdtest.Start(t, func(c *natsd.Config) { c.Dir, c.Port = dir, port })
	streamstest.Eventually(t, "all events", func() bool { return run.Stats().Accepted == 3 })

	opened, err := session(t, schemas.SessionOpened, tuesday.Add(14*time.Hour)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := streamstest.Connect(t, second).JS.Publish(t.Context(), "market.XNYS.session.opened", opened); err != nil {
		t.Fatal(err)
	}
	streamstest.Eventually(t, "the opening", market.On)
	if err := run.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	check(t, "stored", r.stored(t), []string{id + "0|test c1", id + "1|test c1", id + "2|test c2"})
}
