package stocks

import (
	"cashtag/internal/calendar"
	"cashtag/schemas"
)

// statuses says what a status code means: of tapes A and B (New York, CTA) the
// digits, of C and O (Nasdaq, UTP) the letters. Others, such as an order imbalance
// or a price indication, do not say whether there is trading.
var statuses = map[string]string{
	"2": schemas.SymbolHalted,
	"3": schemas.SymbolTrading,
	"H": schemas.SymbolHalted,
	"P": schemas.SymbolPaused,
	"Q": schemas.SymbolQuoting,
	"T": schemas.SymbolTrading,
}

// What a reason code says of the whole market. Tapes A and B write a level of the
// circuit breaker as a digit.
var (
	marketHalts   = map[string]bool{"1": true, "2": true, "3": true, "MWC0": true, "MWC1": true, "MWC2": true, "MWC3": true}
	marketResumes = map[string]bool{"MWCQ": true}
)

// volatility is the code of tapes A and B for a pause by limit up, limit down,
// which C and O state as a status of its own.
const volatility = "M"

// statusOf returns the status of a message; false where it does not say whether
// there is trading.
func statusOf(m *message) (string, bool) {
	status, known := statuses[m.status]
	if status == schemas.SymbolHalted && m.reasonCode == volatility {
		status = schemas.SymbolPaused
	}
	return status, known
}

func (k maker) symbol(m *message, status string) (schemas.Event, error) {
	s := &schemas.Symbol{
		MIC: schemas.MICXNYS, Ticker: m.symbol, Status: status,
		Code: m.reasonCode, Reason: m.reason, ChangedAt: m.at,
	}
	if err := s.Validate(); err != nil {
		return schemas.Event{}, err
	}
	id := k.prefix + schemas.SymbolID(s.MIC, s.Ticker, s.Status, s.ChangedAt)
	return schemas.New(id, k.source, s.Ticker, s.ChangedAt, s), nil
}

// breaker follows the market-wide circuit breaker. The feed states it for each
// symbol; the first statement of a change is the market's.
type breaker struct{ halted bool }

// turn returns the event of a change that a status brings about, if any.
func (b *breaker) turn(k maker, m *message, status string) (schemas.Event, bool) {
	stopped := status == schemas.SymbolHalted || status == schemas.SymbolPaused
	var state string
	switch {
	case !b.halted && stopped && marketHalts[m.reasonCode]:
		state = schemas.SessionHalted
	case b.halted && !stopped && (marketResumes[m.reasonCode] || status == schemas.SymbolTrading):
		state = schemas.SessionResumed
	default:
		return schemas.Event{}, false
	}
	cal := calendar.XNYS()
	session, open := cal.Session(cal.Day(m.at))
	if !open {
		return schemas.Event{}, false
	}
	b.halted = state == schemas.SessionHalted
	return k.session(session, m, state), true
}

func (k maker) session(session calendar.Session, m *message, state string) schemas.Event {
	id := k.prefix + schemas.SessionID(schemas.MICXNYS, state, m.at)
	return schemas.New(id, k.source, schemas.MICXNYS, m.at, &schemas.Session{
		MIC: schemas.MICXNYS, State: state, Reason: schemas.ReasonFeed, Date: session.Date.String(),
		OpensAt: session.Open, ClosesAt: session.Close,
	})
}
