package stocks

import (
	"errors"
	"fmt"
)

// snapshot is what Alpaca knows of one ticker. What is not there has no time.
type snapshot struct {
	symbol                            string
	trade, quote, minute, day, dayAgo message
}

// maxBars bounds the bars of one ticker in a page, which has 10,000 at most.
const maxBars = 10_000

var errNoAnswer = errors.New("an answer must be an object")

// snapshots reads the answer of /v2/stocks/snapshots: an object by ticker, null
// where the ticker is not known.
func (d *decoder) snapshots(body []byte, yield func(*snapshot)) error {
	d.begin(body)
	return d.members(func(symbol string) error {
		if d.dec.PeekKind() != '{' {
			return d.skip()
		}
		s := snapshot{symbol: symbol}
		err := d.members(func(name string) error {
			into := map[string]*message{
				"latestTrade": &s.trade, "latestQuote": &s.quote,
				"minuteBar": &s.minute, "dailyBar": &s.day, "prevDailyBar": &s.dayAgo,
			}[name]
			if into == nil || d.dec.PeekKind() != '{' {
				return d.skip()
			}
			bad, err := d.object(into)
			if bad != nil {
				*into = message{}
			}
			into.symbol = symbol
			return err
		})
		if err == nil {
			yield(&s)
		}
		return err
	})
}

// bars reads a page of /v2/stocks/bars: arrays by ticker, and the token of the
// next page, "" after the last.
func (d *decoder) bars(body []byte, yield func(*message)) (next string, broken []error, err error) {
	d.begin(body)
	err = d.members(func(name string) error {
		switch {
		case name == "bars" && d.dec.PeekKind() == '{':
			return d.members(func(symbol string) error {
				if d.dec.PeekKind() != '[' {
					return d.skip()
				}
				bad, err := d.list(maxBars, func(m *message) {
					m.symbol = symbol
					yield(m)
				})
				broken = append(broken, bad...)
				return err
			})
		case name == "next_page_token":
			bad, err := d.string(&next)
			return errors.Join(bad, err)
		default:
			return d.skip()
		}
	})
	return next, broken, err
}

// members calls each with the names of an object; each reads the value.
func (d *decoder) members(each func(name string) error) error {
	if d.dec.PeekKind() != '{' {
		return errNoAnswer
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return err
	}
	for d.dec.PeekKind() != '}' {
		var name string
		if bad, err := d.string(&name); bad != nil || err != nil {
			return fmt.Errorf("a name: %w", errors.Join(bad, err))
		}
		if known, ok := d.symbols[name]; ok {
			name = known
		}
		if err := each(name); err != nil {
			return err
		}
	}
	_, err := d.dec.ReadToken()
	return err
}
