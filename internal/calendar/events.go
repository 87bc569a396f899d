package calendar

import (
	"time"

	"cashtag/schemas"
)

// Opened is the event that the session opened as the calendar has it.
func (s Session) Opened() schemas.Event {
	return s.event(schemas.SessionOpened, s.Open)
}

// Closed is the event that the session closed as the calendar has it; its state
// is early_close on a day that ends early.
func (s Session) Closed() schemas.Event {
	if s.Early {
		return s.event(schemas.SessionEarlyClose, s.Close)
	}
	return s.event(schemas.SessionClosed, s.Close)
}

// Tick is the event that the market's clock shows t, which says too whether the
// session is open then.
func (c *Calendar) Tick(t time.Time) schemas.Event {
	_, open := c.At(t)
	id := schemas.ClockID(schemas.MICXNYS, open, t)
	return schemas.New(id, schemas.SourceXNYS, schemas.MICXNYS, t, &schemas.Clock{MIC: schemas.MICXNYS, Open: open})
}

func (s Session) event(state string, at time.Time) schemas.Event {
	id := schemas.SessionID(schemas.MICXNYS, state, at)
	return schemas.New(id, schemas.SourceXNYS, schemas.MICXNYS, at, &schemas.Session{
		MIC:      schemas.MICXNYS,
		State:    state,
		Reason:   schemas.ReasonCalendar,
		Date:     s.Date.String(),
		OpensAt:  s.Open,
		ClosesAt: s.Close,
	})
}
