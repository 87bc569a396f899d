package calendar

import (
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"
	_ "time/tzdata" // New York's clock changes, wherever the program runs
)

const (
	firstYear = 1990
	lastYear  = 2100
)

// ErrOutOfRange is returned when a date is outside the years that the calendar
// covers.
var ErrOutOfRange = errors.New("date outside 1990-01-01 to 2100-12-31")

// Session is one core session of the market.
type Session struct {
	Date  Date      // the trading day, as New York counts it
	Open  time.Time // UTC
	Close time.Time // UTC; the first instant that no longer belongs to the session
	Early bool      // closes before 16:00 New York time
	Why   string    // what an early close is for; empty on a full day
}

// Calendar answers for one market. It is immutable and safe for concurrent
// use.
type Calendar struct {
	zone *time.Location
	days map[Date]special
}

// special is a day that is closed, or closes early.
type special struct {
	name  string
	close time.Duration // zero means closed all day
}

// XNYS returns the calendar of the New York Stock Exchange, which Nasdaq
// shares.
func XNYS() *Calendar { return xnys() }

var xnys = sync.OnceValue(func() *Calendar {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(fmt.Errorf("load the compiled-in zone of New York: %w", err))
	}
	c := &Calendar{zone: zone, days: make(map[Date]special)}
	for _, r := range rules {
		for year := r.from; year <= r.to; year++ {
			if d, ok := r.day(year); ok {
				c.days[d] = special{name: r.name, close: r.close}
			}
		}
	}
	for _, e := range exceptions {
		c.days[e.date] = special{name: e.name, close: e.close}
	}
	return c
})

// Check returns ErrOutOfRange, with the date, where the calendar does not
// cover d.
func (c *Calendar) Check(d Date) error {
	if covered(d) {
		return nil
	}
	return fmt.Errorf("calendar of New York: %s: %w", d, ErrOutOfRange)
}

// Session returns the session of a trading day; false on a day without one,
// and on every date that Check refuses.
func (c *Calendar) Session(d Date) (Session, bool) {
	if !covered(d) || weekend(d) {
		return Session{}, false
	}
	day, found := c.days[d]
	if !found {
		return c.session(d, regularClose, ""), true
	}
	if day.close == 0 {
		return Session{}, false
	}
	return c.session(d, day.close, day.name), true
}

// Holiday returns why the market is closed on a weekday; false on a weekend, on
// a trading day and on every date that Check refuses.
func (c *Calendar) Holiday(d Date) (name string, ok bool) {
	day, found := c.days[d]
	if !found || day.close != 0 || weekend(d) {
		return "", false
	}
	return day.name, true
}

// Day returns the date that New York shows at t.
func (c *Calendar) Day(t time.Time) Date {
	return DateOf(t.In(c.zone))
}

// At returns the session that is open at t: Open is part of it, Close is not.
func (c *Calendar) At(t time.Time) (s Session, open bool) {
	s, ok := c.Session(c.Day(t))
	if !ok || t.Before(s.Open) || !t.Before(s.Close) {
		return Session{}, false
	}
	return s, true
}

// Next returns the first session that opens after t; false where the calendar
// ends before it. For a t before the calendar's first day it is the first
// session of all.
func (c *Calendar) Next(t time.Time) (Session, bool) {
	day := c.Day(t)
	if first := (Date{firstYear, time.January, 1}); day.Compare(first) < 0 {
		day = first
	}
	for ; covered(day); day = day.AddDays(1) {
		if s, ok := c.Session(day); ok && s.Open.After(t) {
			return s, true
		}
	}
	return Session{}, false
}

// Range yields the sessions of the dates from and to and of all between them,
// in order. Dates that the calendar does not cover yield nothing.
func (c *Calendar) Range(from, to Date) iter.Seq[Session] {
	if first := (Date{firstYear, time.January, 1}); from.Compare(first) < 0 {
		from = first
	}
	if end := (Date{lastYear, time.December, 31}); to.Compare(end) > 0 {
		to = end
	}
	return func(yield func(Session) bool) {
		for day := from; day.Compare(to) <= 0; day = day.AddDays(1) {
			if s, ok := c.Session(day); ok && !yield(s) {
				return
			}
		}
	}
}

func (c *Calendar) session(d Date, closing time.Duration, why string) Session {
	return Session{
		Date:  d,
		Open:  c.at(d, regularOpen),
		Close: c.at(d, closing),
		Early: closing < regularClose,
		Why:   why,
	}
}

// at reads a time of day from New York's clock, not from the hours since
// midnight: they differ on the days the clock is changed.
func (c *Calendar) at(d Date, clock time.Duration) time.Time {
	hour, minute := int(clock/time.Hour), int(clock%time.Hour/time.Minute)
	return time.Date(d.Year, d.Month, d.Day, hour, minute, 0, 0, c.zone).UTC()
}

// covered also refuses what is no date at all, such as the 30th of February.
func covered(d Date) bool {
	return d.Year >= firstYear && d.Year <= lastYear && d == NewDate(d.Year, d.Month, d.Day)
}

func weekend(d Date) bool {
	day := d.Weekday()
	return day == time.Saturday || day == time.Sunday
}
