package manager

import (
	"fmt"
	"time"

	"cashtag/schemas"
	"cashtag/streams/flag"
)

const (
	// longestClosed is more days than the market was ever closed in a row.
	longestClosed = 15
	// flagLag is how long another manager's word on the flag is believed against
	// the own: it heard of the change first. Longer than that only a bucket that was
	// made anew can be, whose revisions begin again.
	flagLag = 10 * time.Second
)

// session is the first session event that is due at now after the last one of the
// stream.
func (m *Manager) session(now time.Time, word string, revision uint64) (event schemas.Event, due bool, err error) {
	last, stated := m.sessions.last.Data.(*schemas.Session)
	since := m.sessions.last.Time
	if stated {
		theirs, _ := schemas.OverrideRevision(m.sessions.last.ID)
		if theirs > revision && now.Sub(since) < flagLag {
			return event, false, nil
		}
	}
	switch {
	case word == flag.MarketOpen || word == flag.MarketClosed:
		if stated && last.Reason == schemas.ReasonOverride && opens(last) == (word == flag.MarketOpen) {
			return event, false, nil
		}
		event, err = m.override(now, word, revision)
		return event, true, err
	case stated && last.Reason == schemas.ReasonOverride:
		event, due = m.holding(now)
		if due {
			event.ID = schemas.OverrideID(schemas.MICXNYS, event.Data.(*schemas.Session).State, revision)
			event.Time = notBefore(now, since)
		}
	case !stated && m.cfg.Since.IsZero():
		event, due = m.holding(now)
	default:
		event, due = m.transition(since, now)
	}
	return m.own(event), due, nil
}

// override is the state that the flag decides.
func (m *Manager) override(now time.Time, word string, revision uint64) (schemas.Event, error) {
	hours, ok := m.calendar.Session(m.calendar.Day(now))
	if !ok {
		hours, ok = m.calendar.Next(now)
	}
	if !ok {
		return schemas.Event{}, fmt.Errorf("override at %s: the calendar has no session then", now.UTC().Format(time.RFC3339))
	}
	state := schemas.SessionClosed
	if word == flag.MarketOpen {
		state = schemas.SessionOpened
	}
	event := hours.Opened()
	data := event.Data.(*schemas.Session)
	data.State, data.Reason = state, schemas.ReasonOverride
	event.ID = schemas.OverrideID(schemas.MICXNYS, state, revision)
	event.Time = notBefore(now, m.sessions.last.Time)
	return m.own(event), nil
}

// holding is the transition that led to the state that the calendar has at now;
// false before the calendar's first.
func (m *Manager) holding(now time.Time) (event schemas.Event, ok bool) {
	today := m.calendar.Day(now)
	for session := range m.calendar.Range(today.AddDays(-longestClosed), today) {
		if !session.Open.After(now) {
			event, ok = session.Opened(), true
		}
		if !session.Close.After(now) {
			event = session.Closed()
		}
	}
	return event, ok
}

// transition is the calendar's first transition after since, if it is not after
// now.
func (m *Manager) transition(since, now time.Time) (event schemas.Event, ok bool) {
	for _, limit := range []time.Time{m.cfg.Since.Add(-1), now.Add(-m.cfg.CatchUp)} {
		since = notBefore(since, limit)
	}
	for session := range m.calendar.Range(m.calendar.Day(since), m.calendar.Day(now)) {
		switch {
		case session.Open.After(now):
			return event, false
		case session.Open.After(since):
			return session.Opened(), true
		case session.Close.After(since):
			return session.Closed(), !session.Close.After(now)
		}
	}
	return event, false
}

// tickEvent is the tick of a minute. While the flag overrides the calendar it says
// what the flag says.
func (m *Manager) tickEvent(minute time.Time, word string) schemas.Event {
	event := m.calendar.Tick(minute)
	if word == flag.MarketOpen || word == flag.MarketClosed {
		open := word == flag.MarketOpen
		event.Data.(*schemas.Clock).Open = open
		event.ID = schemas.ClockID(schemas.MICXNYS, open, minute)
	}
	return m.own(event)
}

// own is the event as this manager's source states it.
func (m *Manager) own(event schemas.Event) schemas.Event {
	event.Source = m.cfg.Source
	if schemas.IsDemo(m.cfg.Source) {
		event.ID = schemas.DemoPrefix + event.ID
	}
	return event
}

func opens(session *schemas.Session) bool { return session.State == schemas.SessionOpened }

// notBefore is the later of two times.
func notBefore(t, limit time.Time) time.Time {
	if t.Before(limit) {
		return limit.UTC()
	}
	return t.UTC()
}

var _ Flag = (*flag.Choice)(nil)
