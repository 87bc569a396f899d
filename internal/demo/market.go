package demo

import (
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
)

// Prices are worked out in ticks of a hundredth of a cent.
const ticksPerCent = 100

// steps is into how many pieces a minute's path is cut.
const steps = 6

// path is what the price of one ticker did: the price at the end of each minute
// of the session and the bars of those with trading.
type path struct {
	opening int   // in ticks
	ends    []int // in ticks, by minute
	bars    []schemas.Event
}

// at returns the price in ticks during a minute of the day.
func (p *path) at(minute int) int {
	if minute <= 0 {
		return p.opening
	}
	return p.ends[min(minute, len(p.ends))-1]
}

// walk makes up the path of a role. Tide is what the market as a whole does in
// each step, in millionths.
func walk(d dice, r role, session calendar.Session, tide []int) *path {
	price := r.cents * ticksPerCent
	p := &path{opening: price}
	for minute := range closeMinute {
		push := 0
		for _, m := range r.moves {
			if minute >= m.from && minute < m.to {
				push += m.millionths / (m.to - m.from)
			}
		}
		if trading(r, minute) {
			bar := newBar(price)
			for step := range steps {
				stray := d.bell(r.swing) + tide[minute*steps+step]
				price += price / 1000 * (push/steps + stray) / 1000
				bar.trade(price)
			}
			volume := r.volume * activity(r, minute) / 1000
			bar.volume = volume*d.between(600, 1400)/1000 + 1
			bar.trades = bar.volume/d.between(60, 160) + 1
			p.bars = append(p.bars, bar.event(r.ticker, session.Open.Add(time.Duration(minute+1)*time.Minute)))
		}
		p.ends = append(p.ends, price)
	}
	return p
}

// tide makes up what all tickers have in common, in millionths a step.
func tide(d dice) []int {
	common := make([]int, closeMinute*steps)
	for i := range common {
		common[i] = d.bell(90)
	}
	return common
}

func trading(r role, minute int) bool {
	for _, h := range r.halts {
		if minute >= h.from && minute < h.to {
			return false
		}
	}
	return true
}

// activity is how busy a minute is for a role, in thousandths.
func activity(r role, minute int) int {
	return daily.at(minute, 1000) * r.attention.at(minute, 1000) / 1000
}

// bar gathers one minute.
type bar struct {
	open, high, low, close int // in ticks
	sum                    int
	volume, trades         int
}

func newBar(price int) *bar {
	return &bar{open: price, high: price, low: price, close: price}
}

func (b *bar) trade(price int) {
	b.high, b.low, b.close = max(b.high, price), min(b.low, price), price
	b.sum += price
}

func (b *bar) event(ticker string, end time.Time) schemas.Event {
	quote := &schemas.Quote{
		Feed:     schemas.FeedIEX,
		Kind:     schemas.KindBar,
		Ticker:   ticker,
		Delay:    schemas.DelayRealTime,
		QuotedAt: end,
		Price:    dollars(b.close),
		Bar: &schemas.Bar{
			IntervalS: 60,
			Open:      dollars(b.open),
			High:      dollars(b.high),
			Low:       dollars(b.low),
			Close:     dollars(b.close),
			Volume:    int64(b.volume),
			Trades:    int64(b.trades),
			VWAP:      dollars(b.sum / steps),
		},
	}
	id := schemas.DemoPrefix + schemas.QuoteID(quote)
	return schemas.New(id, schemas.SourceDemoIEX, ticker, end, quote)
}

// cents rounds a price in ticks.
func cents(ticks int) int { return (ticks + ticksPerCent/2) / ticksPerCent }

// dollars divides once, which every machine rounds alike.
func dollars(ticks int) float64 { return float64(cents(ticks)) / 100 }

// haltEvents says what the feed tells of a role's halts.
func haltEvents(r role, session calendar.Session) []schemas.Event {
	var events []schemas.Event
	add := func(minute int, status, code, reason string) {
		at := session.Open.Add(time.Duration(minute) * time.Minute)
		id := schemas.DemoPrefix + schemas.SymbolID(schemas.MICXNYS, r.ticker, status, at)
		events = append(events, schemas.New(id, schemas.SourceDemoIEX, r.ticker, at, &schemas.Symbol{
			MIC: schemas.MICXNYS, Ticker: r.ticker, Status: status, Code: code, Reason: reason, ChangedAt: at,
		}))
	}
	for _, h := range r.halts {
		add(h.from, h.status, h.code, h.reason)
		if h.quotesFrom > 0 {
			add(h.quotesFrom, schemas.SymbolQuoting, h.quotesCode, "Quotes resume")
		}
		add(h.to, schemas.SymbolTrading, "", "Trading resumes")
	}
	return events
}
