package stocks

import (
	"fmt"
	"strconv"
	"time"

	"cashtag/schemas"
)

// minute is the interval of a streamed bar in seconds.
const minute = 60

// roundLot is how many shares a lot of Alpaca's bid and ask sizes stands for.
const roundLot = 100

// maker makes events of one source and feed.
type maker struct {
	source string
	prefix string // of ids, in a synthetic world
	feed   string
	delay  string
}

func newMaker(source, feed, delay string) maker {
	m := maker{source: source, feed: feed, delay: delay}
	if schemas.IsDemo(source) {
		m.prefix = schemas.DemoPrefix
	}
	return m
}

// quote fills in what all quotes of the feed have in common.
func (k maker) quote(kind, ticker string, at time.Time, price float64) *schemas.Quote {
	return &schemas.Quote{Feed: k.feed, Kind: kind, Ticker: ticker, Delay: k.delay, QuotedAt: at, Price: price}
}

// event wraps a quote, or says which field of it breaks the schema.
func (k maker) event(q *schemas.Quote) (schemas.Event, error) {
	if err := q.Validate(); err != nil {
		return schemas.Event{}, err
	}
	id := k.prefix + schemas.QuoteID(q)
	if q.Bar != nil && q.Bar.IntervalS != minute {
		// A day ends with its last minute.
		id += ":" + strconv.FormatInt(q.Bar.IntervalS, 10)
	}
	return schemas.New(id, k.source, q.Ticker, q.QuotedAt, q), nil
}

func (k maker) trade(m *message) (schemas.Event, error) {
	q := k.quote(schemas.KindTrade, m.symbol, m.at, m.price)
	q.Trade = &schemas.Trade{ID: m.id, Size: m.size, Exchange: m.exchange, Conditions: m.conditions}
	return k.event(q)
}

// book turns lots into shares. Its price is the midpoint, or the side that is
// there; priced is false where there is none.
func (k maker) book(m *message) (event schemas.Event, priced bool, err error) {
	price := mid(m.bid, m.ask)
	if price == 0 {
		return schemas.Event{}, false, nil
	}
	q := k.quote(schemas.KindQuote, m.symbol, m.at, price)
	q.Book = &schemas.Book{Bid: m.bid, BidSize: m.bidLots * roundLot, Ask: m.ask, AskSize: m.askLots * roundLot}
	event, err = k.event(q)
	return event, true, err
}

func mid(bid, ask float64) float64 {
	switch {
	case bid == 0:
		return ask
	case ask == 0:
		return bid
	default:
		return (bid + ask) / 2
	}
}

// minuteBar is stated at the end of its minute; Alpaca gives the beginning.
func (k maker) minuteBar(m *message) (schemas.Event, error) {
	return k.bar(m, m.at.Add(time.Minute), minute)
}

// bar makes a bar of an interval in seconds that ended at the end.
func (k maker) bar(m *message, end time.Time, interval int64) (schemas.Event, error) {
	if m.at.IsZero() {
		return schemas.Event{}, fmt.Errorf("bar of %s: no time", m.symbol)
	}
	q := k.quote(schemas.KindBar, m.symbol, end, m.close)
	q.Bar = &schemas.Bar{
		IntervalS: interval,
		Open:      m.open, High: m.high, Low: m.low, Close: m.close,
		Volume: m.volume, Trades: m.trades, VWAP: m.vwap,
	}
	return k.event(q)
}
