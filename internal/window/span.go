package window

import (
	"fmt"
	"sort"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
)

// Kind is what a window covers.
type Kind uint8

// The kinds of window: see schemas.WindowMinute and its like for what each is.
const (
	Minute Kind = iota
	TwentyMinutes
	Preopen
	Session
	WholeDay
	kinds
)

const minute = int64(time.Minute)

// Kinds lists every kind, the shortest first.
func Kinds() []Kind { return []Kind{Minute, TwentyMinutes, Preopen, Session, WholeDay} }

var kindNames = [kinds]string{
	schemas.WindowMinute, schemas.Window20m, schemas.WindowPreopen, schemas.WindowSession, schemas.WindowDay,
}

// String returns the window's name on the wire.
func (k Kind) String() string {
	if k >= kinds {
		return fmt.Sprintf("window(%d)", uint8(k))
	}
	return kindNames[k]
}

// ParseKind reads a window's name.
func ParseKind(name string) (Kind, error) {
	for k, known := range kindNames {
		if known == name {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf("window %q: must be one of %q", name, kindNames)
}

// Daily reports whether a trading day has one window of the kind.
func (k Kind) Daily() bool { return k >= Preopen }

// Span is a stretch of time, [Start, End), in Unix nanoseconds.
type Span struct{ Start, End int64 }

// Holds reports whether t is in the span.
func (s Span) Holds(t int64) bool { return t >= s.Start && t < s.End }

// Of returns the window of a kind that holds t; false where there is none, such as
// no session at night.
func (m *Market) Of(kind Kind, t int64) (Span, bool) {
	switch kind {
	case Minute:
		return fixed(t, minute, 0), true
	case TwentyMinutes:
		return fixed(t, 20*minute, 10*minute), true
	default:
		span := m.OfDay(kind, m.Day(t))
		return span, span.Holds(t)
	}
}

// OfDay returns the window that a trading day has of a daily kind.
func (m *Market) OfDay(kind Kind, d Day) Span {
	switch kind {
	case Preopen:
		return Span{m.Start(d), m.Open(d)}
	case Session:
		return Span{m.Open(d), m.Close(d)}
	default:
		return Span{m.Start(d), m.Close(d)}
	}
}

// fixed is the window of a width, where one starts at offset, that holds t.
func fixed(t, width, offset int64) Span {
	into := (t - offset) % width
	if into < 0 {
		into += width
	}
	return Span{t - into, t - into + width}
}

// Trailing appends to spans the windows of the n sessions before, the latest
// first, that a window is compared with: of a daily kind those of the trading days
// before; of a fixed width those at the same time of New York's day on the dates of
// the sessions before its own date.
func (m *Market) Trailing(spans []Span, kind Kind, span Span, n int) []Span {
	if kind.Daily() {
		day := m.Day(span.Start)
		for d := day - 1; d >= 0 && d >= day-Day(n); d-- {
			spans = append(spans, m.OfDay(kind, d))
		}
		return spans
	}
	start := time.Unix(0, span.Start).In(m.zone)
	date := calendar.DateOf(start)
	before := sort.Search(len(m.sessions), func(i int) bool { return m.sessions[i].date.Compare(date) >= 0 })
	for i := before - 1; i >= 0 && i >= before-n; i-- {
		on := m.sessions[i].date
		at := time.Date(on.Year, on.Month, on.Day, start.Hour(), start.Minute(), 0, 0, start.Location()).UnixNano()
		spans = append(spans, Span{at, at + span.End - span.Start})
	}
	return spans
}
