package manager_test

import (
	"fmt"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/manager"
	"cashtag/streams/flag"
)

// week is a week with a holiday and an early close, as its managers live through
// it: each minute around a transition, each half hour else, one second late.
func week(t *testing.T) []time.Time {
	t.Helper()
	var instants []time.Time
	for now, end := at(t, "2025-11-24T00:00:01Z"), at(t, "2025-12-01T16:00:01Z"); now.Before(end); now = now.Add(time.Minute) {
		clock := now.Format("15:04")
		near := clock > "14:25" && clock < "14:35" || clock > "17:55" && clock < "18:05" || clock > "20:55" && clock < "21:05"
		if near || now.Minute()%30 == 0 {
			instants = append(instants, now)
		}
	}
	return instants
}

var calendarWeek = ids(
	"closed:2025-11-21T21:00:00Z",
	"opened:2025-11-24T14:30:00Z", "closed:2025-11-24T21:00:00Z",
	"opened:2025-11-25T14:30:00Z", "closed:2025-11-25T21:00:00Z",
	"opened:2025-11-26T14:30:00Z", "closed:2025-11-26T21:00:00Z",
	"opened:2025-11-28T14:30:00Z", "early_close:2025-11-28T18:00:00Z",
	"opened:2025-12-01T14:30:00Z",
)

// Two managers on one clock race for every transition and every tick of a week
// with a holiday, an early close and an override.
func TestTwoManagersRaceOverAWeek(t *testing.T) {
	t.Parallel()
	e := newExchange(t)
	instants := week(t)
	f := newOverride()
	clock := newWorld(instants[0])
	first := e.run(t, manager.DefaultConfig(), clock, f)
	second := e.run(t, manager.DefaultConfig(), clock, f)
	var wantTicks []string
	for _, now := range instants {
		clock.set(now)
		first.caught(t, now)
		second.caught(t, now)
		open := false
		switch clock := now.Format("2006-01-02T15:04"); {
		case clock >= "2025-11-28" && clock < "2025-11-29":
			open = clock >= "2025-11-28T14:30" && clock < "2025-11-28T18:00"
		case clock >= "2025-11-27" && clock < "2025-11-28": // the holiday, on which the flag opens
			open = clock >= "2025-11-27T15:01" && clock < "2025-11-27T17:01"
		case now.Weekday() != time.Saturday && now.Weekday() != time.Sunday:
			open = clock[11:] >= "14:30" && clock[11:] < "21:00"
		}
		wantTicks = append(wantTicks, schemas.ClockID("XNYS", open, now.Truncate(time.Minute)))
		switch now.Format("02T15:04") {
		case "27T15:00":
			turn(t, e, f, flag.MarketOpen, 40, "XNYS:session:opened:revision-40")
		case "27T17:00":
			turn(t, e, f, flag.MarketAuto, 41, "XNYS:session:closed:revision-41")
		}
	}
	var want []string
	for i, id := range calendarWeek {
		if i == 7 {
			want = append(want, "XNYS:session:opened:revision-40", "XNYS:session:closed:revision-41")
		}
		want = append(want, id)
	}
	same(t, "sessions", e.sessions(t), want)
	same(t, "ticks", e.ticks(t), wantTicks)
}

// Two managers whose clocks run apart, each falling asleep at other times, state
// what one would have.
func TestTwoManagersApart(t *testing.T) {
	t.Parallel()
	e := newExchange(t)
	instants := week(t)
	done := make(chan error, 2)
	for worker := range 2 {
		clock := newWorld(instants[0])
		m := e.run(t, manager.DefaultConfig(), clock, newOverride())
		go func() {
			for i, now := range instants {
				if i%7 == worker*3 && i < len(instants)-1 {
					continue // asleep
				}
				clock.set(now.Add(time.Duration(worker) * 20 * time.Second))
				if err := m.Caught(t.Context(), now); err != nil {
					done <- fmt.Errorf("manager %d at %s: %w", worker, now, err)
					return
				}
			}
			done <- nil
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	same(t, "sessions", e.sessions(t), calendarWeek)
	last := time.Time{}
	for _, event := range e.market(t) {
		if _, ok := event.Data.(*schemas.Clock); !ok {
			continue
		}
		if !event.Time.After(last) {
			t.Errorf("got a tick of %s after that of %s", event.Time, last)
		}
		last = event.Time
	}
	if want := instants[len(instants)-1].Truncate(time.Minute); !last.Equal(want) {
		t.Errorf("got the last tick at %s, want %s", last, want)
	}
}
