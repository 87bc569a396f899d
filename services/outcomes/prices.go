package outcomes

import (
	"cmp"
	"math"
	"slices"

	"cashtag/internal/window"
	"cashtag/schemas"
)

// feeds lists them, the best first.
var feeds = []string{schemas.FeedIEX, schemas.FeedCboe, schemas.FeedStockNet}

// barDays is how many trading days single bars are kept at least, and keptDays how
// many the sums of a day are. Where there is room for more, more are: on a fast replay
// the clock is weeks ahead of the predictions, and these want the same answers.
const (
	barDays     = 6
	mostBarDays = 60
	roomForBars = 300 // days with single bars, of all tickers together
	keptDays    = 60
	mostDays    = 750
	roomForDays = 60_000
)

// kept is how many trading days are kept of each of so many tickers.
type kept struct{ bars, days window.Day }

func keeping(tickers int) kept {
	tickers = max(tickers, 1)
	return kept{
		bars: window.Day(min(max(roomForBars/tickers, barDays), mostBarDays)),
		days: window.Day(min(max(roomForDays/tickers, keptDays), mostDays)),
	}
}

// ticker is what bars say of one ticker, by trading day.
type ticker struct {
	Days map[window.Day][]*session `json:"days"` // the best first
}

// session is one trading day by one feed and interval.
type session struct {
	Feed     int               `json:"feed"`
	Interval int64             `json:"interval"` // seconds
	First    int64             `json:"first"`    // ends of the bars that open and close it, Unix seconds
	Last     int64             `json:"last"`
	Open     float64           `json:"open"`
	Close    float64           `json:"close"`
	Adjusted float64           `json:"adjusted"`
	Volume   int64             `json:"volume"`
	Bars     map[int64]float64 `json:"bars,omitempty"` // last price by the bar's end; gone after barDays
}

// add takes in a bar that starts at the open of its trading day or later; all others,
// and a bar that came before, are passed over, and so is a bar of a day whose single
// bars are gone.
func (t *ticker) add(market *window.Market, oldest window.Day, q *schemas.Quote) {
	end := q.QuotedAt.UnixNano()
	day := market.Day(end - 1)
	if end-q.Bar.IntervalS*1e9 < market.Open(day) || day < oldest {
		return
	}
	s := t.of(day, slices.Index(feeds, q.Feed), q.Bar.IntervalS)
	at := q.QuotedAt.Unix()
	if _, again := s.Bars[at]; again || s.Bars == nil {
		return
	}
	s.Bars[at] = q.Bar.Close
	s.Volume += q.Bar.Volume
	if len(s.Bars) == 1 || at < s.First {
		s.First, s.Open = at, q.Bar.Open
	}
	if at > s.Last {
		s.Last, s.Close, s.Adjusted = at, q.Bar.Close, cmp.Or(q.Bar.AdjClose, q.Bar.Close)
	}
}

// of is the session of a feed and interval, which is made where it is not there.
func (t *ticker) of(day window.Day, feed int, interval int64) *session {
	for _, s := range t.Days[day] {
		if s.Feed == feed && s.Interval == interval {
			return s
		}
	}
	s := &session{Feed: feed, Interval: interval, Bars: make(map[int64]float64)}
	t.Days[day] = append(t.Days[day], s)
	slices.SortFunc(t.Days[day], func(a, b *session) int {
		return cmp.Or(cmp.Compare(a.Feed, b.Feed), cmp.Compare(a.Interval, b.Interval))
	})
	return s
}

// best is the session of the best feed, and of it the shortest interval; nil where
// there is none.
func (t *ticker) best(day window.Day) *session {
	if t == nil || len(t.Days[day]) == 0 {
		return nil
	}
	return t.Days[day][0]
}

// closes is the movement of the adjusted close over span sessions, NaN where it is not
// known.
func (t *ticker) closes(day, span window.Day) float64 {
	now, before := t.best(day), t.best(day-span)
	if now == nil || before == nil {
		return math.NaN()
	}
	return now.Adjusted/before.Adjusted - 1
}

// within is the movement from open to close, NaN where it is not known.
func (t *ticker) within(day window.Day) float64 {
	if now := t.best(day); now != nil {
		return now.Close/now.Open - 1
	}
	return math.NaN()
}

// between is the movement of the last prices of one trading day, NaN where one is not
// known.
func (t *ticker) between(day window.Day, from, to int64) float64 {
	s := t.best(day)
	if s == nil {
		return math.NaN()
	}
	before, now := s.lastBy(from), s.lastBy(to)
	if before == 0 || now == 0 {
		return math.NaN()
	}
	return now/before - 1
}

// lastBy is the last price by a moment, 0 where none is known. By the session's open,
// before any bar ended, it is the opening price.
func (s *session) lastBy(at int64) float64 {
	found, price := int64(math.MinInt64), 0.0
	for end, last := range s.Bars {
		if end <= at && end > found {
			found, price = end, last
		}
	}
	if price == 0 && at == s.First-s.Interval {
		return s.Open
	}
	return price
}

// volume is the logarithm of a session's volume over the mean of those before it, NaN
// where too few are known.
func (t *ticker) volume(day window.Day) float64 {
	now := t.best(day)
	var sum, count float64
	for d := day - trailing; d < day; d++ {
		if s := t.best(d); s != nil && s.Volume > 0 {
			sum, count = sum+float64(s.Volume), count+1
		}
	}
	if now == nil || now.Volume == 0 || count < leastTrailing {
		return math.NaN()
	}
	return math.Log(float64(now.Volume) * count / sum)
}

// forget drops single bars, and then days, that nothing needs any more.
func (t *ticker) forget(newest window.Day, keep kept) {
	for day, sessions := range t.Days {
		if day < newest-keep.days {
			delete(t.Days, day)
			continue
		}
		for _, s := range sessions {
			if day <= newest-keep.bars {
				s.Bars = nil
			}
		}
	}
}
