package window

import (
	"fmt"
	"sort"
	"sync"
	"time"

	"cashtag/internal/calendar"
)

// Day numbers the trading days of a market from the first that its calendar covers.
type Day int32

// Market is the trading days of one market. It is immutable and safe for
// concurrent use.
type Market struct {
	zone     *time.Location
	sessions []session
}

type session struct {
	date        calendar.Date
	open, close int64
}

// XNYS returns the trading days of the New York Stock Exchange.
func XNYS() *Market { return xnys() }

var xnys = sync.OnceValue(func() *Market {
	zone, err := time.LoadLocation("America/New_York") // compiled in by the calendar
	if err != nil {
		panic(fmt.Errorf("load the zone of New York: %w", err))
	}
	m := &Market{zone: zone}
	first, last := calendar.NewDate(1990, time.January, 1), calendar.NewDate(2100, time.December, 31)
	for s := range calendar.XNYS().Range(first, last) {
		m.sessions = append(m.sessions, session{date: s.Date, open: s.Open.UnixNano(), close: s.Close.UnixNano()})
	}
	return m
})

// Day returns the trading day that t belongs to: the one whose close is the first
// after t. A t outside of the calendar belongs to its first or its last day.
func (m *Market) Day(t int64) Day {
	i := sort.Search(len(m.sessions), func(i int) bool { return m.sessions[i].close > t })
	return m.clamp(Day(i))
}

// Date is the date of the day's session, YYYY-MM-DD.
func (m *Market) Date(d Day) string { return m.sessions[m.clamp(d)].date.String() }

// Open is when the day's session opens.
func (m *Market) Open(d Day) int64 { return m.sessions[m.clamp(d)].open }

// Close is when the day's session closes, and the day with it.
func (m *Market) Close(d Day) int64 { return m.sessions[m.clamp(d)].close }

// Start is when the day starts: the close of the session before.
func (m *Market) Start(d Day) int64 { return m.Close(d - 1) }

func (m *Market) clamp(d Day) Day { return min(max(d, 0), Day(len(m.sessions)-1)) }
