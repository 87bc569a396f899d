package stocks

import (
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
)

// dayBar makes the bar of a session that is over, stated at its close, or of one
// that still runs, stated at the last trade we know of. Alpaca gives a day's
// midnight in New York. It says false where there is no such session or nothing
// to state.
func (k maker) dayBar(m *message, last time.Time) (schemas.Event, bool, error) {
	if m.at.IsZero() {
		return schemas.Event{}, false, nil
	}
	cal := calendar.XNYS()
	session, ok := cal.Session(cal.Day(m.at))
	if !ok {
		return schemas.Event{}, false, nil
	}
	end := session.Close
	if last.Before(end) {
		end = last
	}
	interval := int64(end.Sub(session.Open) / time.Second)
	if interval <= 0 || interval == minute {
		return schemas.Event{}, false, nil
	}
	event, err := k.bar(m, end, interval)
	return event, err == nil, err
}
