package dataset

import (
	"cmp"
	"math"
	"slices"

	"cashtag/internal/window"
	"cashtag/schemas"
)

// Prices are what bars say of each ticker and trading day. They look over the whole
// of the data, and are for labels alone.
type Prices struct {
	market  *window.Market
	tickers map[string]map[window.Day]map[source]*session
}

// source is a feed and the interval of its bars.
type source struct {
	feed     int
	interval int64 // seconds
}

// session is one trading day of one source.
type session struct {
	first, last           int64 // ends of the bars that open and close it, Unix nanoseconds
	open, close, adjusted float64
	volume                int64
	seen                  map[int64]bool // ends of bars
}

// feeds lists them, the best first.
var feeds = []string{schemas.FeedIEX, schemas.FeedCboe, schemas.FeedStockNet}

// NewPrices returns an empty collection.
func NewPrices() *Prices {
	return &Prices{market: window.XNYS(), tickers: make(map[string]map[window.Day]map[source]*session)}
}

// Add takes in an event; all but bars, and a bar that came before, is
// passed over.
func (p *Prices) Add(event schemas.Event) {
	quote, ok := event.Data.(*schemas.Quote)
	if !ok || quote.Bar == nil {
		return
	}
	end := quote.QuotedAt.UnixNano()
	days := p.tickers[quote.Ticker]
	if days == nil {
		days = make(map[window.Day]map[source]*session)
		p.tickers[quote.Ticker] = days
	}
	day := p.market.Day(end - 1)
	if days[day] == nil {
		days[day] = make(map[source]*session)
	}
	if end-quote.Bar.IntervalS*1e9 < p.market.Open(day) {
		return // before the open
	}
	from := source{feed: slices.Index(feeds, quote.Feed), interval: quote.Bar.IntervalS}
	s := days[day][from]
	if s == nil {
		s = &session{first: math.MaxInt64, last: math.MinInt64, seen: make(map[int64]bool)}
		days[day][from] = s
	}
	if s.seen[end] {
		return
	}
	s.seen[end] = true
	s.volume += quote.Bar.Volume
	if end < s.first {
		s.first, s.open = end, quote.Bar.Open
	}
	if end > s.last {
		s.last, s.close, s.adjusted = end, quote.Bar.Close, cmp.Or(quote.Bar.AdjClose, quote.Bar.Close)
	}
}

// Empty reports whether there is no price at all.
func (p *Prices) Empty() bool { return len(p.tickers) == 0 }

// of is the trading day of a ticker by the best feed, and of it the shortest
// interval; nil where there is none.
func (p *Prices) of(ticker string, day window.Day) *session {
	var best *session
	var chosen source
	for from, s := range p.tickers[ticker][day] {
		if best == nil || cmp.Or(cmp.Compare(from.feed, chosen.feed), cmp.Compare(from.interval, chosen.interval)) < 0 {
			best, chosen = s, from
		}
	}
	return best
}

// closeToClose is the movement of the adjusted close, NaN where it is not known.
func (p *Prices) closeToClose(ticker string, day window.Day) float64 {
	now, before := p.of(ticker, day), p.of(ticker, day-1)
	if now == nil || before == nil {
		return math.NaN()
	}
	return now.adjusted/before.adjusted - 1
}

// openToClose is the movement within the session, NaN where it is not known.
func (p *Prices) openToClose(ticker string, day window.Day) float64 {
	if now := p.of(ticker, day); now != nil {
		return now.close/now.open - 1
	}
	return math.NaN()
}

// gap is the movement from the close before to the open, NaN where it is not known.
func (p *Prices) gap(ticker string, day window.Day) float64 {
	now, before := p.of(ticker, day), p.of(ticker, day-1)
	if now == nil || before == nil {
		return math.NaN()
	}
	return now.open*now.adjusted/now.close/before.adjusted - 1
}

// trailing is how many sessions a label is compared with, and leastTrailing how many
// of them must be known.
const (
	trailing      = 20
	leastTrailing = 10
)

// deviation is that of a movement over the sessions before a day, NaN where too few
// are known.
func deviation(day window.Day, movement func(window.Day) float64) float64 {
	var known []float64
	for d := day - trailing; d < day; d++ {
		if v := movement(d); !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	if len(known) < leastTrailing {
		return math.NaN()
	}
	_, found := window.Spread(known)
	return found
}

// abnormalVolume is the logarithm of a session's volume over the mean of those
// before it, NaN where too few are known.
func (p *Prices) abnormalVolume(ticker string, day window.Day) float64 {
	now := p.of(ticker, day)
	var sum, count float64
	for d := day - trailing; d < day; d++ {
		if s := p.of(ticker, d); s != nil && s.volume > 0 {
			sum, count = sum+float64(s.volume), count+1
		}
	}
	if now == nil || now.volume == 0 || count < leastTrailing {
		return math.NaN()
	}
	return math.Log(float64(now.volume) * count / sum)
}
