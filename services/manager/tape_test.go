package manager_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"testing"
	"testing/fstest"
	"time"

	"cashtag/internal/demo"
	"cashtag/internal/tape"
	"cashtag/schemas"
	"cashtag/services/manager"
)

// status is a tweet as StockNet tells it.
func status(id, createdAt string) string {
	return fmt.Sprintf(`{"created_at": %q, "id": %s, "id_str": %q, "text": "$AAPL up", "source": "web", "truncated": false, `+
		`"user": {"id": 7, "id_str": "7", "followers_count": 1, "friends_count": 1, "listed_count": 0, "statuses_count": 1, `+
		`"created_at": "Fri Aug 16 12:51:08 +0000 2013", "verified": false}, "retweet_count": 0, "favorite_count": 0, `+
		`"entities": {"symbols": []}, "lang": "en"}`, createdAt, id, id) + "\n"
}

// stockNet is a tape of two days that are so far apart that there are sessions
// between them of which the tape's clock does not tick.
func stockNet(t *testing.T) iter.Seq2[schemas.Event, error] {
	t.Helper()
	opened, err := tape.Open(fstest.MapFS{
		"tweet/raw/AAPL/2024-07-03": {Data: []byte(status("1", "Wed Jul 03 16:30:00 +0000 2024"))},
		"tweet/raw/AAPL/2024-07-20": {Data: []byte(status("2", "Sat Jul 20 03:10:00 +0000 2024"))},
	}, tape.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return opened.Events()
}

// A manager on a clock that steps through what a tape says of the market says the
// same, byte for byte and in the same order.
func TestWorldsOwnClock(t *testing.T) {
	t.Parallel()
	day, err := demo.New()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		source string
		events iter.Seq2[schemas.Event, error]
		jumps  bool // over ticks that have another tick behind them
	}{
		"demo":           {schemas.SourceDemoXNYS, day.Events(), false},
		"demo jumps":     {schemas.SourceDemoXNYS, day.Events(), true},
		"stocknet":       {schemas.SourceXNYS, stockNet(t), false},
		"stocknet jumps": {schemas.SourceXNYS, stockNet(t), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []schemas.Event
			ticks := make(map[time.Time]bool)
			for event, err := range test.events {
				if err != nil {
					t.Fatal(err)
				}
				switch event.Data.(type) {
				case *schemas.Clock:
					ticks[event.Time] = true
					want = append(want, event)
				case *schemas.Session:
					want = append(want, event)
				}
			}
			e := newExchange(t)
			cfg := manager.DefaultConfig()
			cfg.Source, cfg.Since = test.source, want[0].Time
			cfg.MakeUp = test.jumps
			cfg.Ticks = func(minute time.Time) bool { return ticks[minute] }
			clock := newWorld(want[0].Time)
			m := e.run(t, cfg, clock, newOverride())
			for i, event := range want {
				if !test.jumps || i+1 == len(want) || event.Type != schemas.TypeClock || want[i+1].Type != schemas.TypeClock {
					clock.set(event.Time)
					m.caught(t, event.Time)
				}
				if i == len(want)/2 { // a restart changes nothing
					m.stop()
					m = e.run(t, cfg, clock, newOverride())
				}
			}
			got := e.market(t)
			if len(got) != len(want) || len(want) < 400 {
				t.Errorf("got %d events, want the %d of the tape", len(got), len(want))
			}
			for i := range min(len(got), len(want)) {
				one, err := got[i].Encode()
				other, also := want[i].Encode()
				if err != nil || also != nil || !bytes.Equal(one, other) {
					t.Fatalf("event %d:\n got %s (%v)\nwant %s (%v)", i, one, err, other, also)
				}
			}
		})
	}
}

// Whoever waits is let go when it gives up.
func TestCaughtEndsWithItsContext(t *testing.T) {
	t.Parallel()
	e := newExchange(t)
	now := at(t, "2025-11-26T15:00:00Z")
	m := e.run(t, manager.DefaultConfig(), newWorld(now), newOverride())
	m.caught(t, now.Add(59*time.Second)) // nothing is due until the next minute
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Caught(ctx, now.Add(time.Minute)); err == nil {
		t.Error("got nil for a minute that has not come, want an error")
	}
}
