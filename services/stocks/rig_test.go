package stocks_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/alpacad"
	"cashtag/schemas"
	"cashtag/services/stocks"
	"cashtag/streams/ingest"
)

// opening is that of the session of 2026-03-18.
var opening = time.Date(2026, time.March, 18, 13, 30, 0, 0, time.UTC)

// clock is a market's clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// list is a followed list that a test changes.
type list struct {
	mu      sync.Mutex
	tickers []string
	changed chan struct{}
}

func follow(tickers ...string) *list {
	l := &list{changed: make(chan struct{})}
	l.Set(tickers...)
	return l
}

func (l *list) List() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tickers
}

func (l *list) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

func (l *list) Set(tickers ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tickers = slices.Sorted(slices.Values(tickers))
	close(l.changed)
	l.changed = make(chan struct{})
}

// tally counts outcomes.
type tally struct {
	mu sync.Mutex
	n  map[ingest.Outcome]int
}

func (t *tally) Count(_ string, outcome ingest.Outcome, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[ingest.Outcome]int{}
	}
	t.n[outcome] += n
}

func (t *tally) of(outcome ingest.Outcome) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n[outcome]
}

// logs is a log that a test reads.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// rig is a stand-in, a source that reads it as the engine does, and what came.
type rig struct {
	t      *testing.T
	server *alpacad.Server
	cfg    stocks.Config
	clock  *clock
	list   *list
	tally  *tally
	logs   *logs
	events chan schemas.Event
	fatal  chan error
	retry  chan *ingest.Retry
	cursor func() string
}

// start runs a source until the test ends, asking again at once after an error
// that is not fatal.
func start(t *testing.T, list *list, change func(*alpacad.Config, *stocks.Config)) *rig {
	t.Helper()
	r := &rig{
		t: t, clock: &clock{now: opening}, list: list, tally: new(tally), logs: new(logs),
		events: make(chan schemas.Event, 100_000), fatal: make(chan error, 1), retry: make(chan *ingest.Retry, 1000),
	}
	far := alpacad.DefaultConfig()
	far.Now = r.clock.Now
	r.cfg = stocks.DefaultConfig()
	r.cfg.Key, r.cfg.Secret = far.Key, far.Secret
	r.cfg.Now = r.clock.Now
	r.cfg.Daily = false
	r.cfg.RequestsPerMinute = 10_000
	if change != nil {
		change(&far, &r.cfg)
	}
	server, err := alpacad.Start(t.Context(), far)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	r.server = server
	r.cfg.StreamURL, r.cfg.DataURL, r.cfg.TradingURL, r.cfg.CboeURL = server.StreamURL(), server.URL(), server.URL(), server.URL()
	source, err := stocks.New(r.cfg, list, r.tally, slog.New(slog.NewTextHandler(r.logs, nil)))
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.run(ctx, source)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		if err := server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

func (r *rig) run(ctx context.Context, source ingest.Source) {
	var mu sync.Mutex
	cursor := ""
	r.cursor = func() string {
		mu.Lock()
		defer mu.Unlock()
		return cursor
	}
	for ctx.Err() == nil {
		events, next, err := source.Next(ctx, r.cursor())
		mu.Lock()
		cursor = next
		mu.Unlock()
		for _, event := range events {
			r.events <- event
		}
		if ingest.IsFatal(err) {
			r.fatal <- err
			return
		}
		if retry, ok := errors.AsType[*ingest.Retry](err); ok {
			select {
			case r.retry <- retry:
			default:
			}
		}
	}
	if closer, ok := source.(interface{ Close() error }); ok {
		if err := closer.Close(); err != nil {
			r.t.Errorf("close: %v", err)
		}
	}
}

// soon bounds what a test waits for.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func (r *rig) subscribed(symbols ...string) {
	r.t.Helper()
	if err := r.server.Subscribed(soon(r.t), symbols...); err != nil {
		r.t.Fatalf("subscribed: %v\n%s", err, r.logs)
	}
}

func (r *rig) publish(events ...schemas.Event) {
	r.t.Helper()
	if err := r.server.Publish(events...); err != nil {
		r.t.Fatalf("publish: %v", err)
	}
}

// take waits until each id came at least once, and returns the events by id.
func (r *rig) take(ids ...string) map[string]schemas.Event {
	r.t.Helper()
	ctx := soon(r.t)
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	came := map[string]schemas.Event{}
	for len(wanted) > 0 {
		select {
		case event := <-r.events:
			came[event.ID] = event
			delete(wanted, event.ID)
		case err := <-r.fatal:
			r.t.Fatalf("fatal: %v", err)
		case <-ctx.Done():
			r.t.Fatalf("%d of %d events never came, such as %v\n%s", len(wanted), len(ids), firstOf(wanted), r.logs)
		}
	}
	return came
}

func firstOf(set map[string]bool) string {
	for s := range set {
		return s
	}
	return ""
}

// until waits for a condition.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	ctx := soon(r.t)
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for !ok() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			r.t.Fatalf("never: %s\n%s", what, r.logs)
		}
	}
}

func idsOf(events []schemas.Event) []string {
	ids := make([]string, len(events))
	for i, event := range events {
		ids[i] = event.ID
	}
	return ids
}

// bar is a minute bar that ended so many minutes after the opening.
func bar(ticker string, minutes int) schemas.Event {
	at := opening.Add(time.Duration(minutes) * time.Minute)
	price := 100 + float64(minutes)/100
	return event(&schemas.Quote{
		Feed: schemas.FeedIEX, Kind: schemas.KindBar, Ticker: ticker, Delay: schemas.DelayRealTime, QuotedAt: at, Price: price,
		Bar: &schemas.Bar{
			IntervalS: 60, Open: price, High: price + 0.5, Low: price - 0.5, Close: price,
			Volume: int64(1000 + max(minutes, 0)), Trades: 7, VWAP: price,
		},
	})
}

func event(q *schemas.Quote) schemas.Event {
	return schemas.New(schemas.QuoteID(q), schemas.SourceIEX, q.Ticker, q.QuotedAt, q)
}
