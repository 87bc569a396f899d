package stocks

import (
	"errors"
	"fmt"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"

	"github.com/go-json-experiment/json"
)

// cboeQuote is what is kept of Cboe's answer.
type cboeQuote struct {
	price, bid, ask            float64
	bidSize, askSize           int64
	open, high, low, lastClose float64
	volume                     int64
	at                         time.Time // of the last trade
}

// newYork is how Cboe writes the time of the last trade: New York's clock, without
// a zone.
const newYork = "2006-01-02T15:04:05"

var errNoTrade = errors.New("no price or no time of a last trade")

// parseCboe reads an answer. Numbers may be null.
func parseCboe(body []byte) (*cboeQuote, error) {
	var answer struct {
		Data struct {
			Price     float64 `json:"current_price"`
			Bid       float64 `json:"bid"`
			BidSize   float64 `json:"bid_size"`
			Ask       float64 `json:"ask"`
			AskSize   float64 `json:"ask_size"`
			Open      float64 `json:"open"`
			High      float64 `json:"high"`
			Low       float64 `json:"low"`
			LastClose float64 `json:"prev_day_close"`
			Volume    float64 `json:"volume"`
			Traded    string  `json:"last_trade_time"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	d := answer.Data
	if d.Traded == "" || d.Price == 0 {
		return nil, errNoTrade
	}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		return nil, fmt.Errorf("the zone of New York: %w", err)
	}
	at, err := time.ParseInLocation(newYork, d.Traded, zone)
	if err != nil {
		return nil, fmt.Errorf("time of the last trade: %w", err)
	}
	return &cboeQuote{
		price: d.Price, bid: d.Bid, ask: d.Ask, bidSize: int64(d.BidSize), askSize: int64(d.AskSize),
		open: d.Open, high: d.High, low: d.Low, lastClose: d.LastClose,
		volume: int64(d.Volume), at: at.UTC(),
	}, nil
}

// previousClose is when the session before the one of a moment closed.
func previousClose(at time.Time) (time.Time, bool) {
	const longestPause = 14 // days
	cal := calendar.XNYS()
	day := cal.Day(at)
	for range longestPause {
		day = day.AddDays(-1)
		if session, ok := cal.Session(day); ok {
			return session.Close, true
		}
	}
	return time.Time{}, false
}

// closing is the condition of a trade that states a session's close, of which
// Cboe gives the price and nothing else.
const closing = "previous_close"

// previous states the last close as a trade of no known size.
func (k maker) previous(ticker string, at time.Time, quote *cboeQuote) (schemas.Event, bool, error) {
	if quote.lastClose == 0 {
		return schemas.Event{}, false, nil
	}
	q := k.quote(schemas.KindTrade, ticker, at, quote.lastClose)
	q.Trade = &schemas.Trade{Conditions: []string{closing}}
	event, err := k.event(q)
	return event, true, err
}

// delayedDay states how the day went up to the last trade.
func (k maker) delayedDay(ticker string, quote *cboeQuote) (schemas.Event, bool, error) {
	cal := calendar.XNYS()
	session, ok := cal.Session(cal.Day(quote.at))
	if !ok || quote.open == 0 {
		return schemas.Event{}, false, nil
	}
	end := quote.at
	if end.After(session.Close) {
		end = session.Close
	}
	interval := int64(end.Sub(session.Open) / time.Second)
	if interval <= 0 {
		return schemas.Event{}, false, nil
	}
	q := k.quote(schemas.KindBar, ticker, end, quote.price)
	q.Bar = &schemas.Bar{
		IntervalS: interval,
		Open:      quote.open, High: quote.high, Low: quote.low, Close: quote.price,
		Volume: quote.volume,
	}
	event, err := k.event(q)
	return event, true, err
}

// delayedBook states the best bid and offer. Cboe's sizes are kept as shares.
func (k maker) delayedBook(ticker string, quote *cboeQuote) (schemas.Event, bool, error) {
	price := mid(quote.bid, quote.ask)
	if price == 0 {
		return schemas.Event{}, false, nil
	}
	q := k.quote(schemas.KindQuote, ticker, quote.at, price)
	q.Book = &schemas.Book{Bid: quote.bid, BidSize: quote.bidSize, Ask: quote.ask, AskSize: quote.askSize}
	event, err := k.event(q)
	return event, true, err
}
