package alpacad

import (
	"fmt"
	"strconv"
	"time"

	"cashtag/schemas"
)

// roundLot is how many shares Alpaca counts as one in a bid or ask.
const roundLot = 100

// tape is the tape that all symbols are said to be on: that of Nasdaq's listings,
// whose status codes are letters.
const tape = "C"

// item is a message with what decides who gets it and what is kept of it.
type item struct {
	channel string // t, q, b or s
	symbol  string
	at      time.Time // as Alpaca states it: of a bar the beginning
	message message
	quote   *schemas.Quote // nil for a status
}

// translate puts an event into Alpaca's words, or says what it has no words for.
func translate(event schemas.Event) (item, error) {
	switch data := event.Data.(type) {
	case *schemas.Quote:
		if data.Feed != schemas.FeedIEX {
			return item{}, fmt.Errorf("event %s: feed is %q: Alpaca carries %s", event.ID, data.Feed, schemas.FeedIEX)
		}
		it, err := translateQuote(data)
		if err != nil {
			return item{}, fmt.Errorf("event %s: %w", event.ID, err)
		}
		return it, nil
	case *schemas.Symbol:
		return translateSymbol(data), nil
	default:
		return item{}, fmt.Errorf("event %s: Alpaca carries no %s", event.ID, event.Type)
	}
}

func translateQuote(q *schemas.Quote) (item, error) {
	switch {
	case q.Trade != nil:
		return translateTrade(q)
	case q.Book != nil:
		return translateBook(q)
	case q.Bar != nil:
		return translateBar(q)
	default:
		return item{}, fmt.Errorf("kind is %q: must be a trade, a quote or a bar", q.Kind)
	}
}

func translateTrade(q *schemas.Quote) (item, error) {
	id, err := strconv.ParseInt(q.Trade.ID, 10, 64)
	if err != nil {
		return item{}, fmt.Errorf("trade.id is %q: Alpaca's are whole numbers", q.Trade.ID)
	}
	conditions := q.Trade.Conditions
	if conditions == nil {
		conditions = []string{}
	}
	return item{channel: "t", symbol: q.Ticker, at: q.QuotedAt, quote: q, message: message{
		{"T", "t"},
		{"S", q.Ticker},
		{"i", id},
		{"x", q.Trade.Exchange},
		{"p", q.Price},
		{"s", q.Trade.Size},
		{"c", conditions},
		{"z", tape},
		{"t", q.QuotedAt},
	}}, nil
}

func translateBook(q *schemas.Quote) (item, error) {
	if q.Book.BidSize%roundLot != 0 || q.Book.AskSize%roundLot != 0 {
		return item{}, fmt.Errorf("book sizes are %d and %d: Alpaca counts lots of %d", q.Book.BidSize, q.Book.AskSize, roundLot)
	}
	return item{channel: "q", symbol: q.Ticker, at: q.QuotedAt, quote: q, message: message{
		{"T", "q"},
		{"S", q.Ticker},
		{"bx", "V"},
		{"bp", q.Book.Bid},
		{"bs", q.Book.BidSize / roundLot},
		{"ax", "V"},
		{"ap", q.Book.Ask},
		{"as", q.Book.AskSize / roundLot},
		{"c", []string{"R"}},
		{"z", tape},
		{"t", q.QuotedAt},
	}}, nil
}

func translateBar(q *schemas.Quote) (item, error) {
	if q.Bar.IntervalS != int64(time.Minute/time.Second) {
		return item{}, fmt.Errorf("bar.interval_s is %d: Alpaca's stream carries minutes", q.Bar.IntervalS)
	}
	if q.Bar.AdjClose != 0 {
		return item{}, fmt.Errorf("bar.adj_close is %g: Alpaca's stream carries none", q.Bar.AdjClose)
	}
	begin := q.QuotedAt.Add(-time.Minute)
	return item{channel: "b", symbol: q.Ticker, at: begin, quote: q, message: append(
		message{{"T", "b"}, {"S", q.Ticker}}, barFields(q.Bar, begin)...,
	)}, nil
}

// barFields are those of a bar in the stream and in REST alike.
func barFields(b *schemas.Bar, begin time.Time) message {
	return message{
		{"o", b.Open},
		{"h", b.High},
		{"l", b.Low},
		{"c", b.Close},
		{"v", b.Volume},
		{"t", begin},
		{"n", b.Trades},
		{"vw", b.VWAP},
	}
}

// statuses are the codes and words of tapes C and O.
var statuses = map[string][2]string{
	schemas.SymbolHalted:  {"H", "Trading Halt"},
	schemas.SymbolPaused:  {"P", "Volatility Trading Pause"},
	schemas.SymbolQuoting: {"Q", "Quotation Resumption"},
	schemas.SymbolTrading: {"T", "Trading Resumption"},
}

func translateSymbol(s *schemas.Symbol) item {
	words := statuses[s.Status]
	return item{channel: "s", symbol: s.Ticker, at: s.ChangedAt, message: message{
		{"T", "s"},
		{"S", s.Ticker},
		{"sc", words[0]},
		{"sm", words[1]},
		{"rc", s.Code},
		{"rm", s.Reason},
		{"t", s.ChangedAt},
		{"z", tape},
	}}
}
