package alpacad

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// field is one name and value of a message. A value is a string, float64, int64,
// []string or time.Time.
type field struct {
	name  string
	value any
}

// message is one object on the wire. Its type comes first: Alpaca's own client
// insists on it.
type message []field

func success(text string) message {
	return message{{"T", "success"}, {"msg", text}}
}

func failure(code int, text string) message {
	return message{{"T", "error"}, {"code", int64(code)}, {"msg", text}}
}

// codec writes frames and reads what clients say.
type codec struct{ msgpack bool }

func (c codec) encode(messages []message) ([]byte, error) {
	if c.msgpack {
		return packed(messages)
	}
	return json.Marshal(messages)
}

func (c codec) decode(frame []byte, to *request) error {
	if c.msgpack {
		return msgpack.Unmarshal(frame, to)
	}
	return json.Unmarshal(frame, to)
}

// MarshalJSON implements json.Marshaler, fields in order.
func (m message) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	for i, f := range m {
		lead := byte(',')
		if i == 0 {
			lead = '{'
		}
		buf.WriteByte(lead)
		value := f.value
		if at, ok := value.(time.Time); ok {
			value = at.UTC().Format(time.RFC3339Nano)
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", f.name, err)
		}
		fmt.Fprintf(&buf, "%q:", f.name)
		buf.Write(text)
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

func packed(messages []message) ([]byte, error) {
	var buf bytes.Buffer
	enc := msgpack.NewEncoder(&buf)
	enc.UseCompactInts(true)
	if err := enc.EncodeArrayLen(len(messages)); err != nil {
		return nil, err
	}
	for _, m := range messages {
		if err := enc.EncodeMapLen(len(m)); err != nil {
			return nil, err
		}
		for _, f := range m {
			if err := enc.EncodeString(f.name); err != nil {
				return nil, err
			}
			if err := enc.Encode(f.value); err != nil {
				return nil, fmt.Errorf("encode %s: %w", f.name, err)
			}
		}
	}
	return buf.Bytes(), nil
}

// channels are the lists of symbols that a subscription names.
type channels struct {
	Trades       []string `json:"trades" msgpack:"trades"`
	Quotes       []string `json:"quotes" msgpack:"quotes"`
	Bars         []string `json:"bars" msgpack:"bars"`
	UpdatedBars  []string `json:"updatedBars" msgpack:"updatedBars"`
	DailyBars    []string `json:"dailyBars" msgpack:"dailyBars"`
	Statuses     []string `json:"statuses" msgpack:"statuses"`
	LULDs        []string `json:"lulds" msgpack:"lulds"`
	Corrections  []string `json:"corrections" msgpack:"corrections"`
	CancelErrors []string `json:"cancelErrors" msgpack:"cancelErrors"`
}

// request is what a client says.
type request struct {
	Action   string `json:"action" msgpack:"action"`
	Key      string `json:"key" msgpack:"key"`
	Secret   string `json:"secret" msgpack:"secret"`
	channels `msgpack:",inline"`
}
