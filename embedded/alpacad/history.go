package alpacad

import (
	"slices"
	"strings"
	"sync"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
)

// history is what REST knows: of each ticker the last trade and quote and the
// newest minute bars.
type history struct {
	mu      sync.RWMutex
	limit   int
	tickers map[string]*past
}

type past struct {
	trade, book *item
	bars        []item // by time
}

// maxTickers bounds how many tickers are remembered.
const maxTickers = 12_000

func (h *history) add(it item) {
	if it.quote == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.tickers[it.symbol]
	if p == nil {
		if len(h.tickers) == maxTickers {
			return
		}
		p = new(past)
		h.tickers[it.symbol] = p
	}
	switch it.channel {
	case "t":
		p.trade = &it
	case "q":
		p.book = &it
	case "b":
		p.addBar(it, h.limit)
	}
}

func (p *past) addBar(it item, limit int) {
	i, same := slices.BinarySearchFunc(p.bars, it.at, func(b item, at time.Time) int { return b.at.Compare(at) })
	if same {
		p.bars[i] = it
		return
	}
	p.bars = slices.Insert(p.bars, i, it)
	if len(p.bars) > limit {
		p.bars = slices.Delete(p.bars, 0, len(p.bars)-limit)
	}
}

// page returns the bars of sorted symbols from a symbol and time on, by symbol and
// time, and where the next page begins, if there is one.
func (h *history) page(symbols []string, from place, start, end time.Time, limit int) (bars []item, next *place) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, symbol := range symbols {
		p := h.tickers[symbol]
		if p == nil || strings.Compare(symbol, from.symbol) < 0 {
			continue
		}
		for _, bar := range p.bars {
			switch {
			case bar.at.Before(start), !end.IsZero() && bar.at.After(end):
			case symbol == from.symbol && bar.at.Before(from.at):
			case len(bars) == limit:
				return bars, &place{symbol: symbol, at: bar.at}
			default:
				bars = append(bars, bar)
			}
		}
	}
	return bars, nil
}

// place is where a page begins.
type place struct {
	symbol string
	at     time.Time
}

// view is what a snapshot shows of a ticker.
type view struct {
	trade, book, bar *item
	days             []day // at most two, the newest last
}

// day sums up the bars of one session.
type day struct {
	date calendar.Date
	bar  schemas.Bar
	paid float64 // price times volume
}

func (h *history) view(symbol string) (view, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	p := h.tickers[symbol]
	if p == nil {
		return view{}, false
	}
	v := view{trade: p.trade, book: p.book}
	if n := len(p.bars); n > 0 {
		v.bar = &p.bars[n-1]
	}
	cal := calendar.XNYS()
	for _, it := range p.bars {
		date := cal.Day(it.at)
		if n := len(v.days); n == 0 || v.days[n-1].date != date {
			b := it.quote.Bar
			v.days = append(v.days, day{date: date, bar: schemas.Bar{Open: b.Open, High: b.High, Low: b.Low}})
		}
		v.days[len(v.days)-1].add(it.quote.Bar)
	}
	if n := len(v.days); n > 2 {
		v.days = v.days[n-2:]
	}
	return v, true
}

func (d *day) add(b *schemas.Bar) {
	d.bar.High, d.bar.Low, d.bar.Close = max(d.bar.High, b.High), min(d.bar.Low, b.Low), b.Close
	d.bar.Volume += b.Volume
	d.bar.Trades += b.Trades
	d.paid += b.VWAP * float64(b.Volume)
	if d.bar.Volume > 0 {
		d.bar.VWAP = d.paid / float64(d.bar.Volume)
	}
}
