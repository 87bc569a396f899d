package stocks

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// field reads the value of one name into a message: bad is what is wrong with the
// value, err with the JSON.
type field func(d *decoder, m *message) (bad, err error)

// fields are the names that are kept. What is not here is passed over.
var fields = map[string]field{
	`"T"`:  readType,
	`"S"`:  readSymbol,
	`"t"`:  func(d *decoder, m *message) (bad, err error) { return d.time(&m.at) },
	`"p"`:  func(d *decoder, m *message) (bad, err error) { return d.number(&m.price) },
	`"s"`:  func(d *decoder, m *message) (bad, err error) { return d.whole(&m.size) },
	`"i"`:  readID,
	`"x"`:  func(d *decoder, m *message) (bad, err error) { return d.string(&m.exchange) },
	`"c"`:  readC,
	`"bp"`: func(d *decoder, m *message) (bad, err error) { return d.number(&m.bid) },
	`"bs"`: func(d *decoder, m *message) (bad, err error) { return d.whole(&m.bidLots) },
	`"ap"`: func(d *decoder, m *message) (bad, err error) { return d.number(&m.ask) },
	`"as"`: func(d *decoder, m *message) (bad, err error) { return d.whole(&m.askLots) },
	`"o"`:  func(d *decoder, m *message) (bad, err error) { return d.number(&m.open) },
	`"h"`:  func(d *decoder, m *message) (bad, err error) { return d.number(&m.high) },
	`"l"`:  func(d *decoder, m *message) (bad, err error) { return d.number(&m.low) },
	`"v"`:  func(d *decoder, m *message) (bad, err error) { return d.whole(&m.volume) },
	`"n"`:  func(d *decoder, m *message) (bad, err error) { return d.whole(&m.trades) },
	`"vw"`: func(d *decoder, m *message) (bad, err error) { return d.number(&m.vwap) },

	`"sc"`:   func(d *decoder, m *message) (bad, err error) { return d.string(&m.status) },
	`"rc"`:   func(d *decoder, m *message) (bad, err error) { return d.string(&m.reasonCode) },
	`"rm"`:   func(d *decoder, m *message) (bad, err error) { return d.string(&m.reason) },
	`"msg"`:  func(d *decoder, m *message) (bad, err error) { return d.string(&m.text) },
	`"code"`: func(d *decoder, m *message) (bad, err error) { return d.whole(&m.code) },
}

// fieldOf returns how the value of a name is read, or nil. The name is as it
// stands in the frame, with its quotes.
func fieldOf(name jsontext.Value) field { return fields[string(name)] }

// types are the words for the types that are read, so as not to make them anew.
var types = map[string]string{
	typeTrade: typeTrade, typeQuote: typeQuote, typeBar: typeBar, typeStatus: typeStatus,
	typeSuccess: typeSuccess, typeError: typeError, typeSubscription: typeSubscription,
}

func readType(d *decoder, m *message) (bad, err error) {
	text, bad, err := d.bytes()
	if bad != nil || err != nil {
		return bad, err
	}
	kind, known := types[string(text)]
	if !known {
		kind = string(text)
	}
	m.kind = kind
	return nil, nil
}

func readSymbol(d *decoder, m *message) (bad, err error) {
	text, bad, err := d.bytes()
	if bad != nil || err != nil {
		return bad, err
	}
	symbol, known := d.symbols[string(text)]
	if !known {
		symbol = string(text)
	}
	m.symbol = symbol
	return nil, nil
}

// readID keeps a trade's id, which is a number. A limit's indicator of the same
// name is a letter.
func readID(d *decoder, m *message) (bad, err error) {
	if d.dec.PeekKind() != '0' {
		return nil, d.skip()
	}
	value, err := d.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	m.id = string(value)
	_, bad = strconv.ParseInt(m.id, 10, 64)
	return bad, nil
}

// readC keeps the close of a bar, or the conditions of a trade or a quote.
func readC(d *decoder, m *message) (bad, err error) {
	if d.dec.PeekKind() == '[' {
		return d.texts(&m.conditions)
	}
	return d.number(&m.close)
}
