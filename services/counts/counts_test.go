package counts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cashtag/schemas"
	"cashtag/services/counts"
	"cashtag/streams/ingest"
)

const runID = "01K3F4Y6Q0V8W5T2R9P7N4M1JH"

// wall is the bubble's clock, which a test may set.
type wall struct{ ahead atomic.Int64 }

func (w *wall) set(ahead time.Duration) { w.ahead.Store(int64(ahead)) }

func (w *wall) Now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (w *wall) Until(ctx context.Context, t time.Time) error {
	timer := time.NewTimer(t.Sub(w.Now()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// shelf keeps what is published, and refuses while it is down. What it has it does
// not take again.
type shelf struct {
	mu     sync.Mutex
	down   bool
	events map[string]schemas.Event
	order  []string
}

func (s *shelf) Publish(_ context.Context, events ...schemas.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return errors.New("down")
	}
	for _, event := range events {
		if err := event.Validate(); err != nil {
			return err
		}
		if _, ok := s.events[event.ID]; ok {
			return fmt.Errorf("%s a second time", event.ID)
		}
		s.events[event.ID] = event
		s.order = append(s.order, event.ID)
	}
	return nil
}

func (s *shelf) set(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *shelf) of(source string) (all []*schemas.Counts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.order {
		if data := s.events[id].Data.(*schemas.Counts); data.Source == source {
			all = append(all, data)
		}
	}
	return all
}

func config() counts.Config {
	return counts.Config{Source: schemas.ServiceSource("counts"), RunID: runID, Sources: []string{"x", "bluesky"}}
}

// running is a service within a bubble.
type running struct {
	*shelf
	clock *wall
	x     *counts.Tally
	logs  *strings.Builder
	stop  func() error
}

func run(t *testing.T, cfg counts.Config) *running {
	t.Helper()
	r := &running{shelf: &shelf{events: map[string]schemas.Event{}}, clock: &wall{}, logs: &strings.Builder{}}
	service, err := counts.New(cfg, r.clock, r.shelf, slog.New(slog.NewJSONHandler(r.logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	r.x, _ = service.Tally("x")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- service.Run(ctx) }()
	r.stop = func() error {
		cancel()
		return <-done
	}
	synctest.Wait()
	return r
}

// pass lets time pass.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func minutes(all []*schemas.Counts) string {
	var lines []string
	for _, c := range all {
		var tickers []string
		for _, of := range c.Tickers {
			tickers = append(tickers, fmt.Sprintf("%s:%d/%d/%d/%d", of.Ticker, of.Accepted, of.Filtered, of.Duplicates, of.Malformed))
		}
		lines = append(lines, fmt.Sprintf("%s %d=%d/%d/%d/%d of %d %s", c.MinuteAt.Format("15:04"),
			c.Minute.Seen, c.Minute.Accepted, c.Minute.Filtered, c.Minute.Duplicates, c.Minute.Malformed, c.Run.Seen, strings.Join(tickers, ",")))
	}
	return strings.Join(lines, "\n")
}

func check(t *testing.T, what, got string, want ...string) {
	t.Helper()
	if joined := strings.Join(want, "\n"); got != joined {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, joined)
	}
}

func TestEachMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, config()) // the bubble begins at midnight
		pass(10 * time.Second)
		r.x.Count("AAPL", ingest.Accepted, 3)
		r.x.Count("", ingest.Filtered, 40)
		r.x.Count("MSFT", ingest.Duplicate, 2)
		r.x.Count("", ingest.Malformed, 1)
		r.x.Count("AAPL", ingest.Accepted, 0)
		pass(50 * time.Second)
		pass(time.Minute) // a quiet minute
		r.x.Count("AAPL", ingest.Accepted, 1)
		r.x.Count("not a ticker", ingest.Accepted, 1)
		if err := r.stop(); err != nil {
			t.Errorf("stop: got %v, want nil", err)
		}
		check(t, "x", minutes(r.of("x")),
			"00:00 46=3/40/2/1 of 46 AAPL:3/0/0/0,MSFT:0/0/2/0", "00:01 0=0/0/0/0 of 46 ", "00:02 2=2/0/0/0 of 48 AAPL:1/0/0/0")
		check(t, "bluesky", minutes(r.of("bluesky")), "00:00 0=0/0/0/0 of 0 ", "00:01 0=0/0/0/0 of 0 ", "00:02 0=0/0/0/0 of 0 ")
		var line struct {
			Msg string
			X   struct{ Seen, Accepted, Total int64 }
		}
		first, _, _ := strings.Cut(r.logs.String(), "\n")
		if err := json.Unmarshal([]byte(first), &line); err != nil || line.Msg != "events counted" || line.X.Seen != 46 || line.X.Total != 3 {
			t.Errorf("got log line %s (%v), want what was counted", first, err)
		}
		if got := strings.Count(r.logs.String(), "events counted"); got != 3 {
			t.Errorf("got %d log lines, want one a minute", got)
		}
	})
}

// A stream that is away gets all minutes later, each once.
func TestStreamAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, config())
		r.set(true)
		for range 3 {
			r.x.Count("AAPL", ingest.Accepted, 1)
			pass(time.Minute)
		}
		r.set(false)
		r.x.Count("AAPL", ingest.Accepted, 1)
		if err := r.stop(); err != nil {
			t.Errorf("stop: got %v, want nil", err)
		}
		check(t, "x", minutes(r.of("x")), "00:00 1=1/0/0/0 of 1 AAPL:1/0/0/0", "00:01 1=1/0/0/0 of 2 AAPL:1/0/0/0",
			"00:02 1=1/0/0/0 of 3 AAPL:1/0/0/0", "00:03 1=1/0/0/0 of 4 AAPL:1/0/0/0")
	})
}

// Only so many events wait, and the newest are worth more.
func TestStreamAwayForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, config())
		r.set(true)
		for range 200 {
			r.x.Count("AAPL", ingest.Accepted, 1)
			pass(time.Minute)
		}
		if err := r.stop(); err == nil || !strings.Contains(err.Error(), "240 events") {
			t.Errorf("stop: got %v, want that 240 events are not stored", err)
		}
	})
}

// A clock that is set back, or jumps, makes no two minutes of one id.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, config())
		pass(time.Minute)
		r.x.Count("AAPL", ingest.Accepted, 1)
		r.clock.set(-90 * time.Second)
		pass(time.Minute) // the timer fires, the minute is not over
		pass(2 * time.Minute)
		r.x.Count("AAPL", ingest.Accepted, 2)
		r.clock.set(time.Hour)
		pass(2 * time.Minute)
		if err := r.stop(); err != nil {
			t.Errorf("stop: got %v, want nil", err)
		}
		seen, sum := map[time.Time]bool{}, int64(0)
		for _, c := range r.of("x") {
			if seen[c.MinuteAt] {
				t.Errorf("got minute %s twice", c.MinuteAt)
			}
			seen[c.MinuteAt] = true
			sum += c.Minute.Seen
		}
		if sum != 3 {
			t.Errorf("got %d seen in all minutes, want 3", sum)
		}
	})
}

func TestSyntheticCountsSaySo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.Source = schemas.SourceDemoCounts
		r := run(t, cfg)
		if err := r.stop(); err != nil {
			t.Errorf("stop: got %v, want nil", err) // validated by the shelf
		}
		if want := "demo:counts:x:2000-01-01T00:00:00Z:" + runID; r.order[0] != want {
			t.Errorf("got id %s, want %s", r.order[0], want)
		}
	})
}

// Many count at once and nothing is lost.
func TestCountConcurrently(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, config())
		var counting sync.WaitGroup
		const workers, each = 8, 3000
		for worker := range workers {
			counting.Go(func() {
				for i := range each {
					r.x.Count(fmt.Sprintf("T%d", (i+worker)%2500), ingest.Accepted, 1)
					if i%1000 == 0 {
						<-time.After(time.Duration(worker+1) * 20 * time.Second)
					}
				}
			})
		}
		counting.Wait()
		if err := r.stop(); err != nil {
			t.Errorf("stop: got %v, want nil", err)
		}
		var seen, tickers int64
		names := map[string]bool{}
		for _, c := range r.of("x") {
			seen += c.Minute.Accepted
			for _, of := range c.Tickers {
				tickers += of.Accepted
				names[of.Ticker] = true
			}
		}
		if seen != workers*each || len(names) != schemas.MaxCountedTickers || tickers == 0 || tickers > seen {
			t.Errorf("got %d seen, %d by %d tickers, want %d and at most %d tickers", seen, tickers, len(names), workers*each, schemas.MaxCountedTickers)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*counts.Config)
		want   string
	}{
		"source":         {func(c *counts.Config) { c.Source = "/x" }, `"/x"`},
		"run id":         {func(c *counts.Config) { c.RunID = "17" }, "run_id"},
		"no sources":     {func(c *counts.Config) { c.Sources = nil }, "sources are 0"},
		"a source twice": {func(c *counts.Config) { c.Sources = []string{"x", "x"} }, "twice"},
		"a bad token":    {func(c *counts.Config) { c.Sources = []string{"X.Y"} }, "X.Y"},
	} {
		cfg := config()
		test.change(&cfg)
		if _, err := counts.New(cfg, &wall{}, &shelf{}, nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in an error", name, err, test.want)
		}
	}
}

func BenchmarkCount(b *testing.B) {
	service, err := counts.New(config(), &wall{}, &shelf{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	tally, _ := service.Tally("x")
	b.ReportAllocs()
	for b.Loop() {
		tally.Count("AAPL", ingest.Accepted, 1)
		tally.Count("", ingest.Filtered, 1)
	}
}
