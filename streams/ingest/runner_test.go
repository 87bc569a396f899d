package ingest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams/durable/sinktest"
	"cashtag/streams/ingest"
	"cashtag/streams/streamstest"
)

func posts(numbers ...int) []schemas.Event {
	events := make([]schemas.Event, len(numbers))
	for i, n := range numbers {
		events[i] = sinktest.Tweet(n)
	}
	return events
}

func check(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

const id = "x:00000000"

func TestPlacesAndDuplicates(t *testing.T) {
	r := newRig(t)
	source := newScript(
		answer{posts(0, 1, 2), "c1", nil},
		answer{posts(2, 3, 3, 4), "c2", nil},
		answer{nil, "c3", nil},
		answer{posts(4), "c4", nil},
		answer{posts(5), "c5", nil},
		answer{posts(6), "", nil},
	)
	var settled []string
	cfg := config()
	cfg.Settled = func(events []schemas.Event) {
		for _, event := range events {
			settled = append(settled, event.ID)
		}
	}
	tally := &counter{counts: map[string]int{}}
	cfg.Tally = tally
	run := r.start(t, source, ingest.Gates{}, cfg)
	streamstest.Eventually(t, "all events", func() bool { return run.Stats().Seen == 10 })
	source.dry(t)
	if err := run.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	check(t, "stored", r.stored(t), []string{
		id + "0|", id + "1|", id + "2|test c1", id + "3|test c1", id + "4|test c2", id + "5|test c5", id + "6|test c5",
	})
	cursors, closed := source.calls()
	check(t, "cursors", cursors, []string{"", "c1", "c2", "c3", "c4", "c5", "c5"})
	if closed != 1 {
		t.Errorf("closed: got %d times, want once", closed)
	}
	if got := run.Stats(); got.Accepted != 7 || got.Duplicate != 3 || got.State != ingest.StateEnded {
		t.Errorf("stats: got %+v, want 7 accepted, 3 duplicates, ended", got)
	}
	if len(settled) != 10 {
		t.Errorf("settled: got %d events, want all 10", len(settled))
	}
	if got := tally.get("AMZN accepted"); got != 1 {
		t.Errorf("tally of AMZN: got %d, want 1", got)
	}

	again := newScript(answer{posts(3, 4, 5, 6, 7), "c6", nil})
	run = r.start(t, again, ingest.Gates{}, config())
	streamstest.Eventually(t, "the next start", func() bool { return run.Stats().Seen == 5 })
	if err := run.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	if cursors, _ := again.calls(); cursors[0] != "c5" {
		t.Errorf("next start: got cursor %q, want c5", cursors[0])
	}
	if got := run.Stats(); got.Accepted != 1 || got.Duplicate != 4 {
		t.Errorf("next start: got %+v, want 1 accepted and 4 duplicates", got)
	}
}

type counter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *counter) Count(ticker string, outcome ingest.Outcome, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[ticker+" "+string(outcome)] += n
}

func (c *counter) get(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[key]
}

func TestMalformedIsPassedOver(t *testing.T) {
	r := newRig(t)
	first, second := posts(0, 1, 2), posts(3, 4)
	first[1].Data.(*schemas.Tweet).Author.Followers = -1
	second[1].Data.(*schemas.Tweet).Tickers = nil
	source := newScript(answer{first, "c1", nil}, answer{second, "c2", nil})
	run := r.start(t, source, ingest.Gates{}, config())
	streamstest.Eventually(t, "all events", func() bool { return run.Stats().Seen == 5 })
	source.dry(t)
	if err := run.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	check(t, "stored", r.stored(t), []string{id + "0|", id + "2|test c1", id + "3|test c2"})
	if got := run.Stats(); got.Malformed != 2 || got.Accepted != 3 {
		t.Errorf("stats: got %+v, want 2 malformed and 3 accepted", got)
	}
	if got := strings.Count(r.log.String(), "event of the source is dropped"); got != 1 {
		t.Errorf("log: got %d lines, want one a minute: %s", got, r.log.String())
	}
}

func TestErrors(t *testing.T) {
	r := newRig(t)
	refused := errors.New("token refused")
	source := newScript(
		answer{posts(0), "c1", nil},
		answer{nil, "", errBroken},
		answer{nil, "", errBroken},
		answer{posts(1), "", errBroken},
		answer{posts(2), "c2", &ingest.Retry{After: 120 * time.Millisecond, Err: errBroken}},
		answer{posts(3), "c3", ingest.Fatal(refused)},
	)
	run := r.start(t, source, ingest.Gates{}, config())
	err := run.Wait(t)
	if !errors.Is(err, refused) || !ingest.IsFatal(err) || !strings.HasPrefix(err.Error(), "source test: ") {
		t.Errorf("run: got %v, want the source's fatal error", err)
	}
	check(t, "stored", r.stored(t), []string{id + "0|test c1", id + "1|test c1", id + "2|test c2", id + "3|test c3"})
	if waited := source.at[5].Sub(source.at[4]); waited < 120*time.Millisecond {
		t.Errorf("after Retry: asked again in %s, want at least 120ms", waited)
	}
	got := run.Stats()
	if got.Reconnects != 3 || got.Gap != time.Second || got.LastError != err.Error()[len("source test: "):] {
		t.Errorf("stats: got %+v, want 3 reconnects, a gap of a second, the error", got)
	}
	for message, want := range map[string]int{"source connected": 1, "source reconnected": 3, "source disconnected": 4, "after a gap": 3} {
		if got := strings.Count(r.log.String(), message); got != want {
			t.Errorf("log of %q: got %d, want %d", message, got, want)
		}
	}
}

// Who reads the log sees that a source in trouble is not asked any more.
func TestAnOutageEndsWithTheGate(t *testing.T) {
	r := newRig(t)
	gate := streamstest.NewSwitch(true)
	source := newScript(answer{nil, "", errBroken}, answer{nil, "", errBroken})
	run := r.start(t, source, ingest.Gates{Flag: gate}, config())
	source.dry(t)
	gate.Set(false)
	streamstest.Eventually(t, "the source is off", func() bool { return run.Stats().State == ingest.StateOff })
	if err := run.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	for message, want := range map[string]int{"source disconnected": 2, "reason=retrying": 1, "reason=off": 1} {
		if got := strings.Count(r.log.String(), message); got != want {
			t.Errorf("log of %q: got %d, want %d: %s", message, got, want, r.log.String())
		}
	}
}

func TestBadCursorEnds(t *testing.T) {
	r := newRig(t)
	run := r.start(t, newScript(answer{posts(0), "bad\n", nil}), ingest.Gates{}, config())
	if err := run.Wait(t); err == nil || !strings.Contains(err.Error(), "place is") {
		t.Errorf("run: got %v, want an error about the place", err)
	}
}

func TestAmend(t *testing.T) {
	r := newRig(t)
	cfg := config()
	tries := 0
	cfg.Amend = func(_ context.Context, event schemas.Event) (schemas.Event, bool, error) {
		switch event.ID {
		case id + "1":
			return event, false, nil
		case id + "2":
			if tries++; tries < 3 {
				return event, false, errBroken
			}
			event.ID += "~"
		}
		return event, true, nil
	}
	source := newScript(answer{posts(0, 1, 2), "c1", nil}, answer{posts(2, 3), "c2", nil})
	run := r.start(t, source, ingest.Gates{}, cfg)
	streamstest.Eventually(t, "all events", func() bool { return run.Stats().Seen == 5 })
	if err := run.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	check(t, "stored", r.stored(t), []string{id + "0|", id + "2~|test c1", id + "3|test c2"})
	if got := run.Stats(); got.Filtered != 1 || got.Duplicate != 1 || tries != 3 {
		t.Errorf("got %+v after %d tries, want 1 filtered, 1 duplicate, 3 tries", got, tries)
	}
}
