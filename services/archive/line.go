package archive

import (
	"bytes"
	"encoding/json"
	"fmt"

	"cashtag/streams/durable"

	"github.com/go-json-experiment/json/jsontext"
)

// invalidLine keeps a payload that is no JSON.
type invalidLine struct {
	Invalid  bool   `json:"invalid"`
	Sequence uint64 `json:"sequence"`
	Subject  string `json:"subject"`
	Payload  []byte `json:"payload_base64"`
}

// lineOf is the line that keeps a message, without its end, and whether the
// message was JSON in UTF-8. It is the message's own bytes where they can be.
func lineOf(message durable.Message) (line []byte, valid bool, err error) {
	data := message.Data
	// Names are not compared, which would cost as much as all the rest.
	if !jsontext.Value(data).IsValid(jsontext.AllowDuplicateNames(true)) {
		payload := data
		if payload == nil {
			payload = []byte{}
		}
		line, err := json.Marshal(invalidLine{true, message.Sequence, message.Subject, payload})
		if err != nil {
			return nil, false, fmt.Errorf("encode line: %w", err)
		}
		return line, false, nil
	}
	if bytes.IndexByte(data, '\n') < 0 {
		return data, true, nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return nil, false, fmt.Errorf("compact line: %w", err)
	}
	return compact.Bytes(), true, nil
}
