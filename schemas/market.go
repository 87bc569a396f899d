package schemas

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// MICXNYS is the market whose calendar the sources follow: New York core
// sessions, which Nasdaq keeps too. The code is ISO 10383's.
const MICXNYS = "XNYS"

// The states of a market's session. A state is its subject token.
const (
	SessionOpened     = "opened"
	SessionClosed     = "closed"
	SessionEarlyClose = "early_close" // closed, on a day that ends early
	SessionHalted     = "halted"      // market-wide
	SessionResumed    = "resumed"
)

// The causes of a session event.
const (
	ReasonCalendar = "calendar"
	ReasonOverride = "override" // the flag market
	ReasonFeed     = "feed"     // a halt that a quote feed reported
)

// Session says that a market's session changed its state. Stream MARKET,
// subject market.<MIC>.session.<state>.
type Session struct {
	MIC      string    `json:"mic"`
	State    string    `json:"state"`
	Reason   string    `json:"reason"`
	Date     string    `json:"date"`      // of the session in the market's own time zone, YYYY-MM-DD
	OpensAt  time.Time `json:"opens_at"`  // as the calendar has it
	ClosesAt time.Time `json:"closes_at"` // as the calendar has it
}

// SessionID is the deterministic event id of a session's change of state.
func SessionID(mic, state string, at time.Time) string {
	return mic + ":session:" + state + ":" + at.UTC().Format(time.RFC3339Nano)
}

// revisionMark stands before the revision of a flag in an id, where other ids have
// a time.
const revisionMark = "revision-"

// OverrideID is the deterministic event id of a state that a change of the flag
// market led to, be it by an override or by the end of one: what stands for the
// time is the flag's revision, since a person may change a flag at any time and
// back again.
func OverrideID(mic, state string, revision uint64) string {
	return mic + ":session:" + state + ":" + revisionMark + strconv.FormatUint(revision, 10)
}

// OverrideRevision is the revision in an id that OverrideID made; false where it
// made none of it.
func OverrideRevision(id string) (revision uint64, ok bool) {
	_, digits, ok := strings.Cut(id, ":"+revisionMark)
	if !ok {
		return 0, false
	}
	revision, err := strconv.ParseUint(digits, 10, 64)
	return revision, err == nil
}

// EventType implements Data.
func (*Session) EventType() Type { return TypeSession }

// Validate implements Data.
func (s *Session) Validate() error {
	if err := firstError(
		validMIC(s.MIC),
		validOneOf("state", s.State, SessionOpened, SessionClosed, SessionEarlyClose, SessionHalted, SessionResumed),
		validOneOf("reason", s.Reason, ReasonCalendar, ReasonOverride, ReasonFeed),
		validTime("opens_at", s.OpensAt),
		validTime("closes_at", s.ClosesAt),
	); err != nil {
		return err
	}
	if _, err := time.Parse(time.DateOnly, s.Date); err != nil {
		return fieldError("date", s.Date, "must be a date as YYYY-MM-DD")
	}
	return nil
}

// The statuses of a symbol.
const (
	SymbolHalted  = "halted"
	SymbolPaused  = "paused"
	SymbolQuoting = "quoting" // quotes are taken, trading has not resumed
	SymbolTrading = "trading"
)

// Symbol says that trading in one ticker stopped or went on. It never stops
// ingestion. Stream MARKET, subject market.<MIC>.symbol.<TICKER>.
type Symbol struct {
	MIC       string    `json:"mic"`
	Ticker    string    `json:"ticker"`
	Status    string    `json:"status"`
	Code      string    `json:"code,omitempty"`   // the feed's reason code, such as T1
	Reason    string    `json:"reason,omitempty"` // the feed's words for it
	ChangedAt time.Time `json:"changed_at"`
}

// SymbolID is the deterministic event id of a symbol's change of status.
func SymbolID(mic, ticker, status string, at time.Time) string {
	return mic + ":" + ticker + ":" + status + ":" + at.UTC().Format(time.RFC3339Nano)
}

// EventType implements Data.
func (*Symbol) EventType() Type { return TypeSymbol }

// Validate implements Data.
func (s *Symbol) Validate() error {
	return firstError(
		validMIC(s.MIC),
		validTicker("ticker", s.Ticker),
		validOneOf("status", s.Status, SymbolHalted, SymbolPaused, SymbolQuoting, SymbolTrading),
		validTime("changed_at", s.ChangedAt),
	)
}

// Clock is one tick of a market's clock, each minute. It closes the windows of
// tickers that nobody speaks of, live and in replay alike. Stream MARKET,
// subject market.<MIC>.clock.
type Clock struct {
	MIC  string `json:"mic"`
	Open bool   `json:"open"` // whether the session is open at this minute
}

// ClockID is the deterministic event id of a tick.
func ClockID(mic string, open bool, at time.Time) string {
	state := SessionClosed
	if open {
		state = SessionOpened
	}
	return mic + ":clock:" + state + ":" + at.UTC().Format(time.RFC3339Nano)
}

// EventType implements Data.
func (*Clock) EventType() Type { return TypeClock }

// Validate implements Data.
func (c *Clock) Validate() error { return validMIC(c.MIC) }

var micPattern = regexp.MustCompile(`^[A-Z0-9]{4}$`)

func validMIC(mic string) error {
	if !micPattern.MatchString(mic) {
		return fieldError("mic", mic, "must be a market identifier code of four capitals or digits")
	}
	return nil
}
