package stocks

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxFrame bounds a frame in bytes. Alpaca's hold some hundred messages.
	maxFrame = 1 << 20
	// maxMessages bounds the messages of a frame.
	maxMessages = 10_000
	// maxNesting bounds how deep a frame nests; what we keep nests to 3.
	maxNesting = 8
	// maxText bounds a string that is kept, in bytes.
	maxText = 512
	// maxConditions bounds the conditions of a trade.
	maxConditions = 64
)

// The types of message that are read. All others are passed over.
const (
	typeTrade        = "t"
	typeQuote        = "q"
	typeBar          = "b"
	typeStatus       = "s"
	typeSuccess      = "success"
	typeError        = "error"
	typeSubscription = "subscription"
)

var (
	errNoArray  = errors.New("a frame must be an array")
	errNoObject = errors.New("a message must be an object")
	errTooDeep  = fmt.Errorf("nested deeper than %d", maxNesting)
	errTooLong  = fmt.Errorf("a text longer than %d bytes", maxText)
)

// message is one object of a frame: the fields of every type that are kept. A
// REST answer names them the same. One letter means several things: c is the
// close of a bar or the conditions of a trade.
type message struct {
	kind   string // T
	symbol string // S
	at     time.Time
	text   string // msg
	code   int64

	price, bid, ask        float64
	size, bidLots, askLots int64
	id, exchange           string
	conditions             []string

	open, high, low, close, vwap float64
	volume, trades               int64

	status, reasonCode, reason string
}

// decoder reads frames. It is not for concurrent use.
type decoder struct {
	buf bytes.Buffer
	dec *jsontext.Decoder
	// symbols are the strings of known symbols, so as not to make them anew.
	symbols map[string]string
	msg     message
}

func newDecoder() *decoder {
	return &decoder{dec: jsontext.NewDecoder(new(bytes.Buffer)), symbols: map[string]string{}}
}

// know sets the symbols whose strings are shared.
func (d *decoder) know(symbols []string) {
	d.symbols = make(map[string]string, len(symbols))
	for _, s := range symbols {
		d.symbols[s] = s
	}
}

// frame calls yield with each message, which is valid until it returns, and
// returns what was malformed: broken for messages that could not be read while
// the rest could, err where the frame could not be read to its end.
func (d *decoder) frame(frame []byte, yield func(*message)) (broken []error, err error) {
	if len(frame) > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes: at most %d", len(frame), maxFrame)
	}
	d.begin(frame)
	if d.dec.PeekKind() != '[' {
		return nil, errNoArray
	}
	return d.list(maxMessages, yield)
}

// list reads an array of at most limit messages.
func (d *decoder) list(limit int, yield func(*message)) (broken []error, err error) {
	if _, err := d.dec.ReadToken(); err != nil {
		return nil, err
	}
	for n := 0; d.dec.PeekKind() != ']'; n++ {
		if n == limit {
			return broken, fmt.Errorf("more than %d messages in a list", limit)
		}
		if d.dec.PeekKind() != '{' {
			if err := d.skip(); err != nil {
				return broken, err
			}
			broken = append(broken, errNoObject)
			continue
		}
		bad, err := d.object(&d.msg)
		switch {
		case err != nil:
			return broken, err
		case bad != nil:
			broken = append(broken, bad)
		default:
			yield(&d.msg)
		}
	}
	_, err = d.dec.ReadToken()
	return broken, err
}

// begin makes the decoder read from b, which it does not change.
func (d *decoder) begin(b []byte) {
	d.buf = *bytes.NewBuffer(b)
	d.dec.Reset(&d.buf, jsontext.AllowDuplicateNames(true))
}

// object reads one object into m. bad is what is wrong with a field, err with the
// JSON.
func (d *decoder) object(m *message) (bad, err error) {
	*m = message{}
	if _, err := d.dec.ReadToken(); err != nil {
		return nil, err
	}
	for d.dec.PeekKind() != '}' {
		name, err := d.dec.ReadValue()
		if err != nil {
			return bad, err
		}
		set := fieldOf(name)
		if set == nil {
			if err := d.skip(); err != nil {
				return bad, err
			}
			continue
		}
		fault, err := set(d, m)
		if err != nil {
			return bad, err
		}
		if fault != nil && bad == nil {
			bad = fault
		}
	}
	_, err = d.dec.ReadToken()
	return bad, err
}

// skip passes over the next value.
func (d *decoder) skip() error {
	if k := d.dec.PeekKind(); k != '{' && k != '[' {
		return d.dec.SkipValue()
	}
	depth := d.dec.StackDepth()
	for {
		if _, err := d.dec.ReadToken(); err != nil {
			return err
		}
		switch now := d.dec.StackDepth(); {
		case now > maxNesting:
			return errTooDeep
		case now == depth:
			return nil
		}
	}
}

// scalar reads a value that must be of a kind. It is nil where it is null.
func (d *decoder) scalar(kind jsontext.Kind) (value []byte, bad, err error) {
	switch got := d.dec.PeekKind(); got {
	case kind:
		value, err = d.dec.ReadValue()
		return value, nil, err
	case 'n':
		return nil, nil, d.skip()
	default:
		return nil, fmt.Errorf("a %s where a %s belongs", got, kind), d.skip()
	}
}

func (d *decoder) number(to *float64) (bad, err error) {
	value, bad, err := d.scalar('0')
	if value == nil || err != nil {
		return bad, err
	}
	*to, bad = strconv.ParseFloat(string(value), 64)
	return bad, nil
}

// whole reads a whole number, also where it is written as 3.0 or 3e2.
func (d *decoder) whole(to *int64) (bad, err error) {
	value, bad, err := d.scalar('0')
	if value == nil || err != nil {
		return bad, err
	}
	if n, err := strconv.ParseInt(string(value), 10, 64); err == nil {
		*to = n
		return nil, nil
	}
	f, bad := strconv.ParseFloat(string(value), 64)
	if bad != nil {
		return bad, nil
	}
	const exact = 1 << 53
	if n := int64(f); f > -exact && f < exact && float64(n) == f {
		*to = n
		return nil, nil
	}
	return fmt.Errorf("%s is no whole number", value), nil
}

// bytes reads a string without its quotes. What it returns is valid until the
// next read.
func (d *decoder) bytes() (text []byte, bad, err error) {
	value, bad, err := d.scalar('"')
	if value == nil || err != nil {
		return nil, bad, err
	}
	if len(value) > maxText {
		return nil, errTooLong, nil
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1], nil, nil
	}
	text, bad = jsontext.AppendUnquote(nil, value)
	return text, bad, nil
}

func (d *decoder) string(to *string) (bad, err error) {
	text, bad, err := d.bytes()
	if bad == nil && err == nil {
		*to = string(text)
	}
	return bad, err
}

func (d *decoder) time(to *time.Time) (bad, err error) {
	text, bad, err := d.bytes()
	if bad != nil || err != nil {
		return bad, err
	}
	at, bad := time.Parse(time.RFC3339Nano, string(text))
	*to = at.UTC()
	return bad, nil
}

func (d *decoder) texts(to *[]string) (bad, err error) {
	if _, err := d.dec.ReadToken(); err != nil {
		return nil, err
	}
	var list []string
	for d.dec.PeekKind() != ']' {
		var text string
		fault, err := d.string(&text)
		if err != nil {
			return nil, err
		}
		if len(list) == maxConditions {
			fault = fmt.Errorf("more than %d conditions", maxConditions)
		}
		if fault != nil {
			bad = fault
			continue
		}
		list = append(list, text)
	}
	*to = list
	_, err = d.dec.ReadToken()
	return bad, err
}
