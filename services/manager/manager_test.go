package manager_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/manager"
	"cashtag/streams/flag"
)

func ids(lines ...string) []string {
	all := make([]string, len(lines))
	for i, line := range lines {
		all[i] = "XNYS:session:" + line
	}
	return all
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// On a new stream the state that holds is stated once, by whomever and however
// often it is started.
func TestStart(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, at, session, tick string }{
		{"in a session", "2025-11-26T16:00:30Z", "opened:2025-11-26T14:30:00Z", "opened:2025-11-26T16:00:00Z"},
		{"at an opening", "2025-11-26T14:30:00Z", "opened:2025-11-26T14:30:00Z", "opened:2025-11-26T14:30:00Z"},
		{"at a close", "2025-11-26T21:00:00Z", "closed:2025-11-26T21:00:00Z", "closed:2025-11-26T21:00:00Z"},
		{"at night", "2025-11-26T03:00:00Z", "closed:2025-11-25T21:00:00Z", "closed:2025-11-26T03:00:00Z"},
		{"on a holiday", "2025-11-27T16:00:00Z", "closed:2025-11-26T21:00:00Z", "closed:2025-11-27T16:00:00Z"},
		{"after an early close", "2025-11-30T16:00:00Z", "early_close:2025-11-28T18:00:00Z", "closed:2025-11-30T16:00:00Z"},
		{"in the longest pause", "2001-09-16T12:00:00Z", "closed:2001-09-10T20:00:00Z", "closed:2001-09-16T12:00:00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := newExchange(t)
			now := at(t, test.at)
			for range 2 {
				m := e.run(t, manager.DefaultConfig(), newWorld(now), newOverride())
				m.caught(t, now)
				m.stop()
			}
			same(t, "sessions", e.sessions(t), ids(test.session))
			same(t, "ticks", e.ticks(t), []string{"XNYS:clock:" + test.tick})
		})
	}
}

// What was slept through, or happened between two runs, is all stated, in order;
// of the ticks the newest.
func TestSleepAndRestart(t *testing.T) {
	t.Parallel()
	for name, restart := range map[string]bool{"sleep": false, "restart": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newExchange(t)
			asleep, awake := at(t, "2025-11-26T20:00:00Z"), at(t, "2025-12-01T15:00:45Z")
			clock := newWorld(asleep)
			m := e.run(t, manager.DefaultConfig(), clock, newOverride())
			m.caught(t, asleep)
			if restart {
				m.stop()
				clock = newWorld(awake)
				m = e.run(t, manager.DefaultConfig(), clock, newOverride())
			}
			clock.set(awake)
			m.caught(t, awake)
			same(t, "sessions", e.sessions(t), ids("opened:2025-11-26T14:30:00Z", "closed:2025-11-26T21:00:00Z",
				"opened:2025-11-28T14:30:00Z", "early_close:2025-11-28T18:00:00Z", "opened:2025-12-01T14:30:00Z"))
			same(t, "ticks", e.ticks(t), []string{"XNYS:clock:opened:2025-11-26T20:00:00Z", "XNYS:clock:opened:2025-12-01T15:00:00Z"})
			if got := m.Published(); !got.Equal(at(t, "2025-12-01T15:01:00Z")) {
				t.Errorf("published: got %s, want up to the next minute", got)
			}
		})
	}
}

// A clock that is set back states nothing twice, and nothing less later on.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	e := newExchange(t)
	clock := newWorld(at(t, "2025-11-26T14:20:00Z"))
	m := e.run(t, manager.DefaultConfig(), clock, newOverride())
	m.caught(t, clock.Now())
	for _, text := range []string{"14:31", "14:00", "14:29", "14:30", "14:31", "14:32", "21:05", "20:30", "20:59", "21:00", "21:05", "21:06"} {
		now := at(t, "2025-11-26T"+text+":00Z")
		clock.set(now)
		m.caught(t, now)
		if text == "14:00" || text == "20:30" {
			m.stop() // one that starts on the clock that was set back is no different
			m = e.run(t, manager.DefaultConfig(), clock, newOverride())
			waitFor(t, "the first look at the clock", func() bool { return !m.Published().IsZero() })
		}
	}
	same(t, "sessions", e.sessions(t), ids("closed:2025-11-25T21:00:00Z", "opened:2025-11-26T14:30:00Z", "closed:2025-11-26T21:00:00Z"))
	var want []string
	for _, tick := range []string{"closed:2025-11-26T14:20", "opened:2025-11-26T14:31", "opened:2025-11-26T14:32", "closed:2025-11-26T21:05", "closed:2025-11-26T21:06"} {
		want = append(want, "XNYS:clock:"+tick+":00Z")
	}
	same(t, "ticks", e.ticks(t), want)
}

// Only so much is made up for, and none of what was before the stream's story.
func TestBounds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		config func(*manager.Config)
		want   []string
	}{
		{"all", func(*manager.Config) {}, ids("closed:2025-11-25T21:00:00Z",
			"opened:2025-11-26T14:30:00Z", "closed:2025-11-26T21:00:00Z", "opened:2025-11-28T14:30:00Z", "early_close:2025-11-28T18:00:00Z")},
		{"catch up", func(c *manager.Config) { c.CatchUp = 24 * time.Hour }, ids("closed:2025-11-25T21:00:00Z",
			"opened:2025-11-28T14:30:00Z", "early_close:2025-11-28T18:00:00Z")},
		{"since an opening", func(c *manager.Config) { c.Since = at(t, "2025-11-28T14:30:00Z") }, ids(
			"opened:2025-11-28T14:30:00Z", "early_close:2025-11-28T18:00:00Z")},
		{"since later", func(c *manager.Config) { c.Since = at(t, "2025-11-28T14:31:00Z") }, ids("early_close:2025-11-28T18:00:00Z")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := newExchange(t)
			cfg := manager.DefaultConfig()
			test.config(&cfg)
			clock := newWorld(at(t, "2025-11-26T12:00:00Z"))
			m := e.run(t, cfg, clock, newOverride())
			m.caught(t, clock.Now())
			clock.set(at(t, "2025-11-28T19:00:00Z"))
			m.caught(t, clock.Now())
			same(t, "sessions", e.sessions(t), test.want)
		})
	}
}

// turn sets the flag and waits until the session that it leads to is stored.
func turn(t *testing.T, e *exchange, f *override, word string, revision uint64, wantID string) {
	t.Helper()
	f.set(word, revision)
	publisher := e.publisher(t)
	waitFor(t, wantID, func() bool {
		last, _, err := publisher.Last(t.Context(), "market.XNYS.session.>")
		if err != nil {
			t.Fatal(err)
		}
		return last.ID == wantID
	})
}

// While the flag overrides the calendar, its changes are the transitions.
func TestOverride(t *testing.T) {
	t.Parallel()
	e := newExchange(t)
	f := newOverride()
	clock := newWorld(at(t, "2025-11-26T14:00:00Z"))
	m := e.run(t, manager.DefaultConfig(), clock, f)
	move := func(text string) {
		t.Helper()
		clock.set(at(t, "2025-11-26T"+text+"Z"))
		m.caught(t, clock.Now())
	}
	move("14:00:10")
	turn(t, e, f, flag.MarketOpen, 5, "XNYS:session:opened:revision-5")
	move("14:40:00") // the calendar's opening says nothing new
	f.set(flag.MarketOpen, 6)
	move("14:41:00") // nor does the same word
	turn(t, e, f, flag.MarketClosed, 7, "XNYS:session:closed:revision-7")
	move("14:42:00")
	m.stop() // an override outlives its manager
	m = e.run(t, manager.DefaultConfig(), clock, f)
	move("14:43:00")
	turn(t, e, f, flag.MarketAuto, 8, "XNYS:session:opened:revision-8")
	move("21:00:00")
	turn(t, e, f, flag.MarketOpen, 9, "XNYS:session:opened:revision-9")
	turn(t, e, f, flag.MarketAuto, 10, "XNYS:session:closed:revision-10")
	clock.set(at(t, "2025-11-28T15:00:00Z"))
	m.caught(t, clock.Now())

	events := e.market(t)
	want := ids("closed:2025-11-25T21:00:00Z", "opened:revision-5", "closed:revision-7", "opened:revision-8",
		"closed:2025-11-26T21:00:00Z", "opened:revision-9", "closed:revision-10", "opened:2025-11-28T14:30:00Z")
	same(t, "sessions", idsOf[*schemas.Session](events), want)
	for _, event := range events {
		session, ok := event.Data.(*schemas.Session)
		if !ok {
			continue
		}
		reason := schemas.ReasonCalendar
		if slices.Contains([]string{want[1], want[2], want[5]}, event.ID) {
			reason = schemas.ReasonOverride
		}
		if session.Reason != reason || event.Validate() != nil {
			t.Errorf("%s: got reason %s (%v), want %s", event.ID, session.Reason, event.Validate(), reason)
		}
		if event.ID == want[1] && (session.Date != "2025-11-26" || !event.Time.Equal(at(t, "2025-11-26T14:00:10Z"))) {
			t.Errorf("%s: got date %s at %s, want that of the session at the time of the change", event.ID, session.Date, event.Time)
		}
	}
	ticks := strings.Join(idsOf[*schemas.Clock](events), " ")
	for _, tick := range []string{"opened:2025-11-26T14:40", "closed:2025-11-26T14:42", "closed:2025-11-26T21:00"} {
		if !strings.Contains(ticks, "XNYS:clock:"+tick+":00Z") {
			t.Errorf("got ticks %s, want %s in them", ticks, tick)
		}
	}
}

// An override on a day without a session names the next one.
func TestOverrideOnASunday(t *testing.T) {
	t.Parallel()
	e := newExchange(t)
	f := newOverride()
	f.set(flag.MarketOpen, 3)
	now := at(t, "2025-11-30T16:00:00Z")
	e.run(t, manager.DefaultConfig(), newWorld(now), f).caught(t, now)
	events := e.market(t)
	same(t, "sessions", idsOf[*schemas.Session](events), ids("opened:revision-3"))
	if got := events[0].Data.(*schemas.Session).Date; got != "2025-12-01" {
		t.Errorf("got the session of %s, want that of 2025-12-01", got)
	}
}

// Halts come from a feed, on the same subjects.
func TestHaltsDoNotMatter(t *testing.T) {
	t.Parallel()
	e := newExchange(t)
	clock := newWorld(at(t, "2025-11-26T15:00:00Z"))
	m := e.run(t, manager.DefaultConfig(), clock, newOverride())
	m.caught(t, clock.Now())
	publisher := e.publisher(t)
	for i, state := range []string{schemas.SessionHalted, schemas.SessionResumed} {
		now := clock.Now().Add(time.Duration(i) * time.Minute)
		halt := schemas.New(schemas.SessionID("XNYS", state, now), schemas.SourceIEX, "XNYS", now, &schemas.Session{
			MIC: "XNYS", State: state, Reason: schemas.ReasonFeed, Date: "2025-11-26", OpensAt: now, ClosesAt: now,
		})
		if err := publisher.Publish(t.Context(), halt); err != nil {
			t.Fatal(err)
		}
		if state == schemas.SessionHalted { // read by one that starts, met by one that runs
			m.stop()
			m = e.run(t, manager.DefaultConfig(), clock, newOverride())
			waitFor(t, "a first look", func() bool { return !m.Published().IsZero() })
		}
	}
	clock.set(at(t, "2025-11-26T21:00:00Z"))
	m.caught(t, clock.Now())
	same(t, "sessions", e.sessions(t), ids("opened:2025-11-26T14:30:00Z", "halted:2025-11-26T15:00:00Z", "resumed:2025-11-26T15:01:00Z", "closed:2025-11-26T21:00:00Z"))
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*manager.Config)
		want   string
	}{
		"source":   {func(c *manager.Config) { c.Source = "/iex" }, "/iex"},
		"catch up": {func(c *manager.Config) { c.CatchUp = 0 }, "catch up is 0s"},
	} {
		cfg := manager.DefaultConfig()
		test.change(&cfg)
		if _, err := manager.New(cfg, manager.Wall{}, newOverride(), nil, nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in an error", name, err, test.want)
		}
	}
}
