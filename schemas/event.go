package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Constants of the CloudEvents envelope.
const (
	// SpecVersion is the version of CloudEvents that every event follows.
	SpecVersion = "1.0"
	// DataContentType is the media type of every event's data.
	DataContentType = "application/json"
	// ContentType is the media type of an encoded event: structured mode, JSON.
	ContentType = "application/cloudevents+json"
	// MaxEventBytes bounds an encoded event. It is what one Kinesis record holds,
	// and so the smallest limit among the far ends.
	MaxEventBytes = 1 << 20
)

// Event is one fact in a CloudEvents 1.0 envelope. The zero value is not valid;
// New makes one.
type Event struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`      // deterministic: the same fact has the same id wherever it is seen
	Source          string    `json:"source"`  // who states it, a URI reference such as /x or /demo/x
	Type            Type      `json:"type"`    // such as cashtag.tweet.v1
	Subject         string    `json:"subject"` // the ticker, or the entity where there is none
	Time            time.Time `json:"time"`    // event time, UTC: when it happened, not when it was stored
	DataContentType string    `json:"datacontenttype"`
	DataSchema      string    `json:"dataschema"`
	Data            Data      `json:"data"`
}

// Data is the payload of an event. Every implementation is a pointer to one of
// this package's structs and has a JSON Schema of its own in json/.
type Data interface {
	// EventType names the type and version of the event that carries this data.
	EventType() Type
	// Validate returns a *FieldError for the first field that breaks the schema.
	Validate() error
}

// New wraps data in an envelope. It does not validate: see Event.Validate.
func New(id, source, subject string, at time.Time, data Data) Event {
	return Event{
		SpecVersion:     SpecVersion,
		ID:              id,
		Source:          source,
		Type:            data.EventType(),
		Subject:         subject,
		Time:            at.UTC(),
		DataContentType: DataContentType,
		DataSchema:      data.EventType().Schema(),
		Data:            data,
	}
}

var (
	idPattern     = regexp.MustCompile(`^[!-~]{1,256}$`)
	sourcePattern = regexp.MustCompile(`^/[a-z0-9_/-]{1,63}$`)
)

// Validate returns a *FieldError that names the first field of the envelope or
// of the data that breaks the schema, or nil.
func (e Event) Validate() error {
	switch {
	case e.SpecVersion != SpecVersion:
		return fieldError("specversion", e.SpecVersion, "must be "+SpecVersion)
	case !idPattern.MatchString(e.ID):
		return fieldError("id", e.ID, "must be 1 to 256 printable ASCII characters without spaces")
	case !sourcePattern.MatchString(e.Source):
		return fieldError("source", e.Source, "must be a path such as /x or /demo/x")
	case IsDemo(e.Source) != strings.HasPrefix(e.ID, DemoPrefix):
		return fieldError("id", e.ID, "must start with "+DemoPrefix+" where the source starts with "+demoRoot+", and nowhere else")
	case e.Subject == "":
		return fieldError("subject", e.Subject, "must not be empty")
	case e.Data == nil:
		return fieldError("data", nil, "must be there")
	case e.Type != e.Data.EventType():
		return fieldError("type", e.Type, "must be "+string(e.Data.EventType()))
	case e.DataContentType != DataContentType:
		return fieldError("datacontenttype", e.DataContentType, "must be "+DataContentType)
	case e.DataSchema != e.Type.Schema():
		return fieldError("dataschema", e.DataSchema, "must be "+e.Type.Schema())
	}
	if err := validTime("time", e.Time); err != nil {
		return err
	}
	var field *FieldError
	if err := e.Data.Validate(); errors.As(err, &field) {
		return fieldError("data."+field.Field, field.Value, field.Want)
	} else if err != nil {
		return err
	}
	return nil
}

// Encode returns the event as one line of JSON without a line end. The same
// event always gives the same bytes.
func (e Event) Encode() ([]byte, error) {
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		return nil, fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// Decode reads one event of any type and version that was ever published. A
// field it does not know is ignored; call Validate to check the rest.
//
// It returns ErrUnknownType when no version of this package knows the type, and
// an error that wraps ErrMalformed when the bytes are no event at all.
func Decode(line []byte) (Event, error) {
	var wire struct {
		Event
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(line, &wire); err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	data, ok := newData(wire.Type)
	if !ok {
		return Event{}, fmt.Errorf("event %q of type %q: %w", wire.ID, wire.Type, ErrUnknownType)
	}
	if len(wire.Data) == 0 || string(wire.Data) == "null" {
		return Event{}, fmt.Errorf("%w: event %q has no data", ErrMalformed, wire.ID)
	}
	if err := json.Unmarshal(wire.Data, data); err != nil {
		return Event{}, fmt.Errorf("%w: data of event %q: %w", ErrMalformed, wire.ID, err)
	}
	event := wire.Event
	event.Data = data
	return event, nil
}
