package ingest_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/ingest"
	"cashtag/streams/streamstest"
)

// hooked stands before the publisher: each call asks before first, with its number
// from 1 on.
type hooked struct {
	ingest.Publisher

	before func(ctx context.Context, call int) error

	mu     sync.Mutex
	calls  int
	events int
}

func (h *hooked) enter(ctx context.Context, events int) error {
	h.mu.Lock()
	h.calls++
	h.events += events
	call := h.calls
	h.mu.Unlock()
	if h.before == nil {
		return nil
	}
	return h.before(ctx, call)
}

func (h *hooked) Publish(ctx context.Context, events ...schemas.Event) error {
	if err := h.enter(ctx, len(events)); err != nil {
		return err
	}
	return h.Publisher.Publish(ctx, events...)
}

func (h *hooked) PublishPlaced(ctx context.Context, source string, events ...streams.Placed) error {
	if err := h.enter(ctx, len(events)); err != nil {
		return err
	}
	return h.Publisher.PublishPlaced(ctx, source, events...)
}

func bar(n int) schemas.Event {
	at := tuesday.Add(14*time.Hour + time.Duration(n)*time.Minute)
	quote := &schemas.Quote{
		Feed: schemas.FeedIEX, Kind: schemas.KindBar, Ticker: "AAPL", Delay: schemas.DelayRealTime, QuotedAt: at,
		Price: 1, Bar: &schemas.Bar{IntervalS: 60, Open: 1, High: 1, Low: 1, Close: 1},
	}
	event := schemas.New(schemas.QuoteID(quote), schemas.SourceIEX, "AAPL", at, quote)
	event.ID = "bar" + string(rune('0'+n))
	return event
}

func halt(n int) schemas.Event {
	at := tuesday.Add(14*time.Hour + time.Duration(n)*time.Minute)
	symbol := &schemas.Symbol{MIC: schemas.MICXNYS, Ticker: "AAPL", Status: schemas.SymbolHalted, ChangedAt: at}
	return schemas.New("halt"+string(rune('0'+n)), schemas.SourceIEX, "AAPL", at, symbol)
}

// The place says that all is stored, in every stream: a kill between two streams
// costs repeats and no loss.
func TestTwoStreams(t *testing.T) {
	r := newRig(t)
	cfg := ingest.DefaultConfig("test", "quotes.iex.>", "market.XNYS.symbol.*")
	cfg.MinBackoff, cfg.MaxBackoff, cfg.Grace = time.Hour, time.Hour, 50*time.Millisecond
	source := newScript(
		answer{[]schemas.Event{bar(0), halt(0), bar(1)}, "c1", nil},
		answer{[]schemas.Event{halt(1)}, "c2", nil},
		answer{[]schemas.Event{bar(2), halt(2), bar(3)}, "c3", nil},
	)
	killed := make(chan struct{}, 10)
	publisher := &hooked{Publisher: r.publisher, before: func(_ context.Context, call int) error {
		if call < 6 { // halt 0; bar 0; bar 1 with the place; halt 1; halt 2; the bars
			return nil
		}
		killed <- struct{}{}
		return errBroken
	}}
	run := r.startWith(t, publisher, source, ingest.Gates{}, cfg)
	<-killed
	if err := run.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	check(t, "quotes", r.storedIn(t, streams.Quotes), []string{"bar0|", "bar1|test c1"})
	check(t, "market", r.storedIn(t, streams.Market), []string{"halt0|", "halt1|test c2", "halt2|test c2"})

	again := newScript(answer{[]schemas.Event{halt(1), bar(2), halt(2), bar(3)}, "c3", nil})
	run = r.start(t, again, ingest.Gates{}, cfg)
	streamstest.Eventually(t, "the next start", func() bool { return run.Stats().Seen == 4 })
	if err := run.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	if cursors, _ := again.calls(); cursors[0] != "c1" {
		t.Errorf("next start: got cursor %q, want c1", cursors[0])
	}
	check(t, "quotes", r.storedIn(t, streams.Quotes), []string{"bar0|", "bar1|test c1", "bar2|test c1", "bar3|test c3"})
	check(t, "market", r.storedIn(t, streams.Market), []string{"halt0|", "halt1|test c2", "halt2|test c2"})
}

// What cannot be stored is tried again, and the source is not asked meanwhile.
func TestPublishIsTriedAgain(t *testing.T) {
	r := newRig(t)
	source := newScript(answer{posts(0, 1), "c1", nil}, answer{posts(2), "c2", nil})
	publisher := &hooked{Publisher: r.publisher, before: func(_ context.Context, call int) error {
		if call > 1 && call < 5 {
			return errBroken
		}
		return nil
	}}
	run := r.startWith(t, publisher, source, ingest.Gates{}, config())
	streamstest.Eventually(t, "all events", func() bool { return run.Stats().Accepted == 3 })
	source.dry(t)
	streamstest.Eventually(t, "connected", func() bool { return run.Stats().State == ingest.StateConnected })
	if got := run.Stats(); got.LastError != "" || got.Duplicate != 0 {
		t.Errorf("stats: got %+v, want no error and no duplicate", got)
	}
	if err := run.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	check(t, "stored", r.stored(t), []string{id + "0|", id + "1|test c1", id + "2|test c2"})
	if got := strings.Count(r.log.String(), "events in hand cannot be stored yet"); got != 1 {
		t.Errorf("log: got %d lines, want one a minute", got)
	}
}

func TestEndStoresWhatIsInHand(t *testing.T) {
	for _, c := range []struct {
		name  string
		grace time.Duration
		want  []string
	}{
		{"in time", streamstest.Patience, []string{id + "0|test c1"}},
		{"too late", 20 * time.Millisecond, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			called, release := make(chan struct{}), make(chan struct{})
			publisher := &hooked{Publisher: r.publisher, before: func(ctx context.Context, _ int) error {
				close(called)
				select {
				case <-release:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}}
			source := newScript(answer{posts(0), "c1", nil})
			cfg := config()
			cfg.Grace = c.grace
			run := r.startWith(t, publisher, source, ingest.Gates{}, cfg)
			<-called
			run.Cancel()
			if c.want != nil {
				close(release)
			}
			if err := run.Wait(t); err != nil {
				t.Errorf("run: got %v, want nil", err)
			}
			check(t, "stored", r.stored(t), c.want)
			if _, closed := source.calls(); closed != 1 {
				t.Errorf("closed: got %d times, want once", closed)
			}
		})
	}
}

func TestRememberIsBounded(t *testing.T) {
	r := newRig(t)
	publisher := &hooked{Publisher: r.publisher}
	cfg := config()
	cfg.Remember = 3
	source := newScript(answer{posts(0, 1, 2, 3, 4), "c1", nil}, answer{posts(2, 3, 4), "c2", nil}, answer{posts(1), "c3", nil})
	run := r.startWith(t, publisher, source, ingest.Gates{}, cfg)
	streamstest.Eventually(t, "all events", func() bool { return run.Stats().Seen == 9 })
	if err := run.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
	// The one that was forgotten is the stream's own to refuse.
	if got := run.Stats(); got.Duplicate != 3 || publisher.events != 6 {
		t.Errorf("got %d duplicates and %d events published, want 3 and 6", got.Duplicate, publisher.events)
	}
	if got := r.stored(t); len(got) != 5 {
		t.Errorf("stored: got %q, want 5", got)
	}
}

func TestConfigValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*ingest.Config)
		want   string
	}{
		{"name", func(c *ingest.Config) { c.Name = "a b" }, `place source is "a b"`},
		{"no subjects", func(c *ingest.Config) { c.Subjects = nil }, "subjects is empty"},
		{"subject", func(c *ingest.Config) { c.Subjects = []string{"nothing.>"} }, `subject is "nothing.>"`},
		{"remember", func(c *ingest.Config) { c.Remember = 0 }, "remember is 0"},
		{"min backoff", func(c *ingest.Config) { c.MinBackoff = 0 }, "min backoff is 0s"},
		{"max backoff", func(c *ingest.Config) { c.MaxBackoff = 1 }, "max backoff is 1ns"},
		{"grace", func(c *ingest.Config) { c.Grace = 0 }, "grace is 0s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config()
			c.change(&cfg)
			if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if _, err := ingest.New(nil, nil, nil, ingest.Gates{}, nil, cfg); err == nil {
				t.Error("new: got no error")
			}
		})
	}
	if _, err := ingest.New(nil, nil, nil, ingest.Gates{Hours: hoursOf(ingest.HoursAlways)}, nil, config()); err == nil {
		t.Error("hours without a market: got no error")
	}
}
