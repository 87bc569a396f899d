package predictor

import (
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
)

// predicts reports whether a window that ends then is one to predict from.
func predicts(market *calendar.Calendar, window string, end time.Time) bool {
	switch window {
	case schemas.WindowMinute, schemas.Window20m:
		_, open := market.At(end)
		return open
	default:
		return true
	}
}

// dueAt is when what happened is known: at the close of the session that a
// prediction before the open is for, of the session after it for one at the close,
// and when the horizon is over for one within a session.
func dueAt(market *calendar.Calendar, window string, end time.Time, horizon time.Duration) time.Time {
	switch window {
	case schemas.WindowPreopen:
		if session, open := market.At(end); open {
			return session.Close
		}
	case schemas.WindowSession, schemas.WindowDay:
		if session, ok := market.Next(end); ok {
			return session.Close
		}
	}
	return end.Add(horizon)
}
