package schemas

import (
	"regexp"
	"strconv"
	"time"
)

// MaxCountedTickers bounds the tickers of one event of counts.
const MaxCountedTickers = 2000

// Counts says what became of what one source saw in one minute. Each run of a
// source counts for itself: readers sum. Stream COUNTS, subject counts.<source>.
type Counts struct {
	Source   string         `json:"source"`    // a token such as x, bluesky or iex
	MinuteAt time.Time      `json:"minute_at"` // when the minute began; the last event of a run may cover less, the first after a pause more
	RunID    string         `json:"run_id"`    // a ULID
	Minute   Outcomes       `json:"minute"`    // of this minute
	Run      Outcomes       `json:"run"`       // of the run so far, this minute included
	Tickers  []TickerCounts `json:"tickers"`   // of this minute, by ticker, those with something to count
}

// Outcomes counts what became of things. Seen is the sum of the others.
type Outcomes struct {
	Seen       int64 `json:"seen"`
	Accepted   int64 `json:"accepted"`   // stored
	Filtered   int64 `json:"filtered"`   // not of a followed ticker, or excluded by a rule
	Duplicates int64 `json:"duplicates"` // stored already
	Malformed  int64 `json:"malformed"`  // could not be decoded
}

// TickerCounts counts what became of the things of one ticker.
type TickerCounts struct {
	Ticker     string `json:"ticker"`
	Accepted   int64  `json:"accepted"`
	Filtered   int64  `json:"filtered"`
	Duplicates int64  `json:"duplicates"`
	Malformed  int64  `json:"malformed"`
}

// CountsID is the deterministic event id of a source's minute in one run.
func CountsID(source string, minute time.Time, runID string) string {
	return "counts:" + source + ":" + minute.UTC().Format(time.RFC3339) + ":" + runID
}

// EventType implements Data.
func (*Counts) EventType() Type { return TypeCounts }

var (
	sourceTokenPattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)
	ulidPattern        = regexp.MustCompile(`^[0-7][0-9A-HJKMNP-TV-Z]{25}$`)
)

// ValidSourceToken returns a *FieldError unless s may stand for a source in a
// subject.
func ValidSourceToken(s string) error {
	if !sourceTokenPattern.MatchString(s) {
		return fieldError("source", s, "must be a source's name in lower case")
	}
	return nil
}

// Validate implements Data.
func (c *Counts) Validate() error {
	if err := firstError(
		ValidSourceToken(c.Source),
		validTime("minute_at", c.MinuteAt),
		c.Minute.valid("minute."),
		c.Run.valid("run."),
	); err != nil {
		return err
	}
	if !ulidPattern.MatchString(c.RunID) {
		return fieldError("run_id", c.RunID, "must be a ULID")
	}
	if c.Tickers == nil || len(c.Tickers) > MaxCountedTickers {
		return fieldError("tickers", len(c.Tickers), "must be a list of at most "+strconv.Itoa(MaxCountedTickers))
	}
	for _, t := range c.Tickers {
		if err := firstError(
			validTicker("tickers.ticker", t.Ticker),
			validCount("tickers.accepted", t.Accepted), validCount("tickers.filtered", t.Filtered),
			validCount("tickers.duplicates", t.Duplicates), validCount("tickers.malformed", t.Malformed),
		); err != nil {
			return err
		}
	}
	return nil
}

func (o Outcomes) valid(at string) error {
	return firstError(
		validCount(at+"seen", o.Seen), validCount(at+"accepted", o.Accepted), validCount(at+"filtered", o.Filtered),
		validCount(at+"duplicates", o.Duplicates), validCount(at+"malformed", o.Malformed),
	)
}

func validCount(field string, n int64) error {
	if n < 0 {
		return fieldError(field, n, "must not be negative")
	}
	return nil
}
