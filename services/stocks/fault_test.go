package stocks_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/alpacad"
	"cashtag/schemas"
	"cashtag/services/stocks"
	"cashtag/streams/ingest"
)

// TestDayOfFaults loses no bar, whatever happens, and makes no event that was not
// sent.
func TestDayOfFaults(t *testing.T) {
	r := start(t, follow("AAPL", "MSFT"), func(_ *alpacad.Config, cfg *stocks.Config) {
		cfg.PingEvery = 20 * time.Millisecond
	})
	r.clock.Set(opening.Add(6 * time.Hour))
	faults := []struct {
		name string
		do   func()
	}{
		{"nothing", func() {}},
		{"cut", r.server.Cut},
		{"silence", r.server.Silence},
		{"slow client", func() { r.server.Say(407, "slow client") }},
		{"internal error", func() { r.server.Say(500, "internal error") }},
		{"duplicates after reconnect", func() { r.server.RepeatAfterReconnect(10); r.server.Cut() }},
		{"frames in pieces", func() { r.server.Split(9); r.server.Cut() }},
		{"a frame that is cut short", func() { r.server.Garble([]byte(`[{"T":"b","S":"AAPL"`)) }},
		{"429 while a gap is filled", func() { r.server.FailREST(1, 429, time.Second); r.server.Cut() }},
	}
	minutes := 0
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			r.t = t
			r.subscribed("AAPL", "MSFT")
			var sent []schemas.Event
			publish := func() {
				for range 5 {
					minutes++
					sent = append(sent, bar("AAPL", minutes), bar("MSFT", minutes))
				}
				r.publish(sent[len(sent)-10:]...)
			}
			publish()
			fault.do()
			publish()
			came := r.take(idsOf(sent)...)
			for _, want := range sent {
				same(t, came[want.ID], want)
			}
		})
	}
	r.t = t
	r.until("the frame cut short is counted", func() bool { return r.tally.of(ingest.Malformed) == 1 })
}

// TestErrorsOfTheStream tells the errors apart that end a source, that name their
// own pause, and that are tried again by the engine's schedule.
func TestErrorsOfTheStream(t *testing.T) {
	tests := []struct {
		code  int
		text  string
		fatal error
		retry error
	}{
		{402, "auth failed", stocks.ErrRefused, nil},
		{409, "insufficient subscription", stocks.ErrPlan, nil},
		{410, "invalid subscribe action for this feed", stocks.ErrPlan, nil},
		{411, "insufficient scope", stocks.ErrRefused, nil},
		{406, "connection limit exceeded", nil, stocks.ErrConnections},
		{407, "slow client", nil, stocks.ErrSlow},
	}
	for _, test := range tests {
		t.Run(strconv.Itoa(test.code), func(t *testing.T) {
			r := start(t, follow("AAPL"), nil)
			r.subscribed("AAPL")
			r.server.Say(test.code, test.text)
			if test.fatal != nil {
				if err := receive(t, r.fatal); !errors.Is(err, test.fatal) {
					t.Errorf("got %v, want %v", err, test.fatal)
				}
				return
			}
			if retry := receive(t, r.retry); !errors.Is(retry, test.retry) || retry.After <= 0 {
				t.Errorf("got %v, want %v and a pause", retry, test.retry)
			}
		})
	}
}

func TestWrongSecretIsFatalAndNeverTold(t *testing.T) {
	r := start(t, follow("AAPL"), func(_ *alpacad.Config, cfg *stocks.Config) { cfg.Secret = "hunter2hunter2" })
	err := receive(t, r.fatal)
	if !errors.Is(err, stocks.ErrRefused) {
		t.Errorf("got %v, want %v", err, stocks.ErrRefused)
	}
	for _, text := range []string{err.Error(), r.logs.String(), fmt.Sprintf("%v %+v %#v", r.cfg, r.cfg, r.cfg)} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("the secret stands in %q", text)
		}
	}
}

func TestMoreTickersThanThePlanHas(t *testing.T) {
	r := start(t, follow("A", "B", "C"), func(_ *alpacad.Config, cfg *stocks.Config) { cfg.SymbolLimit = 2 })
	r.subscribed("A", "B", "C")
	trade := func(ticker string, id int) schemas.Event {
		return event(&schemas.Quote{
			Feed: schemas.FeedIEX, Kind: schemas.KindTrade, Ticker: ticker, Delay: schemas.DelayRealTime, QuotedAt: opening, Price: 10,
			Trade: &schemas.Trade{ID: strconv.Itoa(id), Size: 1},
		})
	}
	r.publish(trade("A", 1), trade("B", 1), trade("C", 1), trade("C", 2), trade("C", 3))
	r.publish(bar("A", 1), bar("B", 1), bar("C", 1), bar("OTHER", 1))
	last := bar("C", 2)
	r.publish(last)
	came := r.take(trade("A", 1).ID, trade("B", 1).ID, bar("C", 1).ID, last.ID)
	// The snapshot may know one trade; the stream would tell all.
	_, first := came[trade("C", 1).ID]
	_, second := came[trade("C", 2).ID]
	if first && second {
		t.Error("got the trades of the third ticker, want bars alone")
	}
	if _, ok := came[bar("OTHER", 1).ID]; ok {
		t.Error("got a bar of a ticker that nobody follows")
	}
	r.server.Cut()
	r.subscribed("A", "B", "C")
	r.publish(bar("C", 3))
	r.take(bar("C", 3).ID)
	if got := strings.Count(r.logs.String(), "more tickers than the plan"); got != 1 {
		t.Errorf("said %d times that the plan is too small, want once", got)
	}
}

func TestSymbolLimitOfTheServer(t *testing.T) {
	r := start(t, follow("A", "B", "C"), func(far *alpacad.Config, _ *stocks.Config) { far.SymbolLimit = 2 })
	r.subscribed("A", "B", "C")
	r.publish(bar("A", 1), bar("C", 1))
	r.take(bar("A", 1).ID, bar("C", 1).ID)
	if !strings.Contains(r.logs.String(), "minute bars instead") {
		t.Errorf("the log does not say that there are bars instead:\n%s", r.logs)
	}
}

func TestListChangesAtTheLimit(t *testing.T) {
	r := start(t, follow("A", "B"), func(far *alpacad.Config, cfg *stocks.Config) { far.SymbolLimit, cfg.SymbolLimit = 2, 2 })
	r.subscribed("A", "B")
	r.publish(bar("C", 1)) // before anybody follows it
	r.list.Set("A", "C")
	r.subscribed("C")
	r.publish(bar("A", 2), bar("C", 2))
	r.take(bar("A", 2).ID, bar("C", 1).ID, bar("C", 2).ID)
	if strings.Contains(r.logs.String(), "minute bars instead") {
		t.Error("the change went over the limit for a moment")
	}
}

// TestCursorWaitsForTheGap lets the stream go on while the gap cannot be filled.
func TestCursorWaitsForTheGap(t *testing.T) {
	r := start(t, follow("AAPL"), nil)
	r.clock.Set(opening.Add(time.Hour))
	r.subscribed("AAPL")
	r.publish(bar("AAPL", 1))
	r.take(bar("AAPL", 1).ID)
	r.until("the cursor is at the bar", func() bool { return r.cursor() == bar("AAPL", 1).Time.Format(time.RFC3339) })
	r.server.FailREST(1, 429, time.Second)
	r.server.Cut()
	r.publish(bar("AAPL", 2)) // most likely while nobody listens
	r.subscribed("AAPL")
	r.publish(bar("AAPL", 3))
	r.take(bar("AAPL", 3).ID)
	if got, want := r.cursor(), bar("AAPL", 1).Time.Format(time.RFC3339); got != want {
		t.Errorf("while the gap is open: got cursor %s, want %s", got, want)
	}
	r.until("the cursor is past the gap", func() bool { return r.cursor() == bar("AAPL", 3).Time.Format(time.RFC3339) })
}

// TestGapOfManyPages follows tickers that have a past, and asks for the rest of what
// one page does not hold.
func TestGapOfManyPages(t *testing.T) {
	const minutes = 390
	r := start(t, follow("AAPL"), func(far *alpacad.Config, cfg *stocks.Config) {
		far.SymbolLimit, cfg.SymbolLimit = 100, 100
	})
	r.subscribed("AAPL")
	tickers := make([]string, 40)
	var sent []schemas.Event
	for i := range tickers {
		tickers[i] = fmt.Sprintf("T%02d", i)
		for m := 1; m <= minutes; m++ {
			sent = append(sent, bar(tickers[i], m))
		}
	}
	r.publish(sent...) // to nobody
	r.clock.Set(opening.Add((minutes - 1) * time.Minute))
	r.list.Set(tickers...)
	r.take(idsOf(sent)...)
	last := sent[len(sent)-1].Time.Format(time.RFC3339)
	r.until("the cursor is past the gap", func() bool { return r.cursor() == last })
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}
