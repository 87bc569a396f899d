package twitter_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/xd/xdtest"
	"cashtag/services/twitter"
	"cashtag/streams/ingest"
)

// TestBudgetStopsReading spends a daily and then a monthly budget, across a
// restart, and goes on when they start anew.
func TestBudgetStopsReading(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	now := time.Date(2026, 8, 30, 22, 0, 0, 0, time.UTC)
	config := hasty(server)
	config.Now = func() time.Time { return now }
	config.DailyReads, config.MonthlyReads = 20, 50
	var log strings.Builder
	open := func(cursor string) *engine {
		e := newEngine(t, config, followed, ingest.Uncounted{})
		source, err := twitter.New(config, followed, ingest.Uncounted{}, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		e.source, e.cursor = source, cursor
		return e
	}
	e := open("")
	e.connect(t, server)
	publish(t, server, posts(0, 20)...)
	e.has(t, 20)
	wantSpent(t, e, 2*time.Hour)
	wantSpent(t, e, 2*time.Hour) // asked again too early
	left(t, server)
	if got := strings.Count(log.String(), "read budget of X is spent"); got != 1 {
		t.Errorf("got the log event %d times, want once", got)
	}
	publish(t, server, posts(20, 35)...)

	restarted := open(e.cursor)
	wantSpent(t, restarted, 2*time.Hour)
	if got := restarted.source.Spend(); got.Today != 20 || got.Month != 20 {
		t.Errorf("after a restart: got %+v, want 20 of 20 spent", got)
	}
	now = now.Add(2 * time.Hour)
	connects := server.Connects()
	restarted.connect(t, server)
	publish(t, server, posts(35, 40)...)
	restarted.has(t, 5)
	if got, want := restarted.events[0].ID, posts(35, 36)[0].ID; got != want {
		t.Errorf("the next day: got %s first, want %s, and not what was written while the budget was spent", got, want)
	}
	if got := restarted.source.Spend(); got.Today != 5 || got.Month != 25 || server.Connects() != connects+1 {
		t.Errorf("the next day: got %+v, want the day counted anew and the month on", got)
	}
}

// wantSpent expects the next call to be told when to come again.
func wantSpent(t *testing.T, e *engine, after time.Duration) {
	t.Helper()
	err := e.step(t.Context())
	retry, ok := errors.AsType[*ingest.Retry](err)
	if !ok || !errors.Is(err, twitter.ErrBudget) || retry.After != after {
		t.Errorf("got %v, want the budget spent for %s", err, after)
	}
}

func TestMonthlyBudget(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	config := hasty(server)
	config.MonthlyReads = 50
	config.Now = func() time.Time { return time.Date(2026, 8, 30, 12, 0, 0, 0, time.UTC) }
	e := newEngine(t, config, followed, ingest.Uncounted{})
	e.cursor = "1960012345678901234/2026-08-29/1/50"
	wantSpent(t, e, 36*time.Hour)
	if server.Connects() != 0 {
		t.Error("the stream was opened on a spent budget")
	}
}

// TestSpendCountsWhatIsReadOnce counts filtered posts too, and repeated ones not.
func TestSpendCountsWhatIsReadOnce(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	config := hasty(server)
	e := newEngine(t, config, followed, ingest.Uncounted{})
	e.connect(t, server)
	publish(t, server, posts(0, 8)...)
	e.has(t, 8)
	server.Send([]byte(`{"data":{"id":"1","text":"$XYZ","author_id":"1"}}`))
	publish(t, server, posts(8, 10)...)
	e.has(t, 10)
	server.Cut()
	publish(t, server, posts(10, 11)...)
	e.has(t, 11) // by search, with the others again
	if got := e.source.Spend(); got.Today != 12 || got.Month != 12 || e.again == 0 {
		t.Errorf("got %+v with %d read again, want 12 posts read", got, e.again)
	}
}
