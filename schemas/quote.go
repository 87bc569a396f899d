package schemas

import (
	"math"
	"time"
)

// The feeds that quotes come from. A feed's name is its subject token.
const (
	FeedIEX      = "iex"
	FeedCboe     = "cboe"
	FeedStockNet = "stocknet"
)

// The kinds of quote event.
const (
	KindTrade = "trade" // one trade; Trade is set
	KindQuote = "quote" // best bid and offer; Book is set
	KindBar   = "bar"   // open, high, low, close over an interval; Bar is set
)

// How old a quote was when it was published by its feed.
const (
	DelayRealTime = "real_time"
	DelayDelayed  = "delayed"    // about 15 minutes
	DelayEndOfDay = "end_of_day" // known after the close
)

// Quote is one statement of a feed about the price of one ticker. Prices are in
// US dollars, sizes and volumes in shares. Stream QUOTES, subject
// quotes.<feed>.<TICKER>.
type Quote struct {
	Feed     string    `json:"feed"`
	Kind     string    `json:"kind"`
	Ticker   string    `json:"ticker"`
	Delay    string    `json:"delay"`
	QuotedAt time.Time `json:"quoted_at"` // of a bar: the end of its interval
	Price    float64   `json:"price"`     // trade price, midpoint of the book, or close of the bar
	Trade    *Trade    `json:"trade,omitempty"`
	Book     *Book     `json:"book,omitempty"`
	Bar      *Bar      `json:"bar,omitempty"`
}

// Trade is one execution.
type Trade struct {
	ID         string   `json:"id,omitempty"` // the provider's id, unique for ticker and day
	Size       int64    `json:"size"`
	Exchange   string   `json:"exchange,omitempty"`
	Conditions []string `json:"conditions,omitempty"`
}

// Book is the best bid and offer. A side that is not there has price and size 0.
type Book struct {
	Bid     float64 `json:"bid"`
	BidSize int64   `json:"bid_size"`
	Ask     float64 `json:"ask"`
	AskSize int64   `json:"ask_size"`
}

// Bar sums up an interval. AdjClose is the close adjusted for dividends and
// splits where a feed gives it, else 0.
type Bar struct {
	IntervalS int64   `json:"interval_s"` // 60 for a minute bar; a daily bar has the length of its session
	Open      float64 `json:"open"`
	High      float64 `json:"high"`
	Low       float64 `json:"low"`
	Close     float64 `json:"close"`
	AdjClose  float64 `json:"adj_close,omitempty"`
	Volume    int64   `json:"volume"`
	Trades    int64   `json:"trades,omitempty"`
	VWAP      float64 `json:"vwap,omitempty"`
}

// QuoteID is the deterministic event id of a quote: of a trade by the provider's
// id where there is one, else by time to the nanosecond.
func QuoteID(q *Quote) string {
	at := q.QuotedAt.UTC()
	if q.Trade != nil && q.Trade.ID != "" {
		return q.Feed + ":" + q.Kind + ":" + q.Ticker + ":" + at.Format(time.DateOnly) + ":" + q.Trade.ID
	}
	return q.Feed + ":" + q.Kind + ":" + q.Ticker + ":" + at.Format(time.RFC3339Nano)
}

// EventType implements Data.
func (*Quote) EventType() Type { return TypeQuote }

// Validate implements Data.
func (q *Quote) Validate() error {
	if err := firstError(
		validOneOf("feed", q.Feed, FeedIEX, FeedCboe, FeedStockNet),
		validOneOf("kind", q.Kind, KindTrade, KindQuote, KindBar),
		validTicker("ticker", q.Ticker),
		validOneOf("delay", q.Delay, DelayRealTime, DelayDelayed, DelayEndOfDay),
		validTime("quoted_at", q.QuotedAt),
		validPrice("price", q.Price),
	); err != nil {
		return err
	}
	switch {
	case (q.Trade != nil) != (q.Kind == KindTrade):
		return fieldError("trade", q.Kind, "must be there for kind trade and for no other")
	case (q.Book != nil) != (q.Kind == KindQuote):
		return fieldError("book", q.Kind, "must be there for kind quote and for no other")
	case (q.Bar != nil) != (q.Kind == KindBar):
		return fieldError("bar", q.Kind, "must be there for kind bar and for no other")
	case q.Trade != nil && q.Trade.Size < 0:
		return fieldError("trade.size", q.Trade.Size, "must not be negative")
	case q.Book != nil:
		return q.Book.validate()
	case q.Bar != nil:
		return q.Bar.validate()
	}
	return nil
}

func (b *Book) validate() error {
	switch {
	case b.BidSize < 0:
		return fieldError("book.bid_size", b.BidSize, "must not be negative")
	case b.AskSize < 0:
		return fieldError("book.ask_size", b.AskSize, "must not be negative")
	}
	return firstError(validAmount("book.bid", b.Bid), validAmount("book.ask", b.Ask))
}

func (b *Bar) validate() error {
	if err := firstError(
		validPrice("bar.open", b.Open), validPrice("bar.high", b.High),
		validPrice("bar.low", b.Low), validPrice("bar.close", b.Close),
		validAmount("bar.adj_close", b.AdjClose), validAmount("bar.vwap", b.VWAP),
	); err != nil {
		return err
	}
	switch {
	case b.IntervalS <= 0:
		return fieldError("bar.interval_s", b.IntervalS, "must be a positive number of seconds")
	case b.High < b.Low:
		return fieldError("bar.high", b.High, "must not be below bar.low")
	case b.Volume < 0:
		return fieldError("bar.volume", b.Volume, "must not be negative")
	case b.Trades < 0:
		return fieldError("bar.trades", b.Trades, "must not be negative")
	}
	return nil
}

// validAmount is for a price that is 0 where there is none.
func validAmount(field string, price float64) error {
	if math.IsNaN(price) || math.IsInf(price, 0) || price < 0 {
		return fieldError(field, price, "must be a price, or 0 where there is none")
	}
	return nil
}

func validPrice(field string, price float64) error {
	if math.IsNaN(price) || math.IsInf(price, 0) || price <= 0 {
		return fieldError(field, price, "must be a positive price")
	}
	return nil
}
