package streams

import (
	"fmt"
	"maps"
	"strconv"

	"cashtag/schemas"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const headerContentType = "Content-Type"

// message is one event on its way into a stream. Of an event header is nil: the
// content type is all it has.
type message struct {
	subject, id, place string
	header             nats.Header
	data               []byte
	call               *call
	twins              []*call // callers in the same batch with the same id
}

// encode validates an event and writes it down.
func encode(event schemas.Event) (*message, error) {
	if err := event.Validate(); err != nil {
		return nil, fmt.Errorf("publish event %q: %w", event.ID, err)
	}
	subject, err := Subject(event)
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	data, err := event.Encode()
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	limit := schemas.MaxEventBytes
	if event.Type == schemas.TypeDead {
		limit = maxDeadMessageBytes - (maxMessageBytes - schemas.MaxEventBytes)
	}
	if len(data) > limit {
		return nil, fmt.Errorf("publish event %q: %w", event.ID, &schemas.FieldError{
			Field: "data",
			Value: strconv.Itoa(len(data)) + " bytes",
			Want:  "must encode to at most " + strconv.Itoa(limit) + " bytes",
		})
	}
	return &message{subject: subject, id: event.ID, data: data}, nil
}

var contentTypeEvent = []string{schemas.ContentType}

// wire is the message as it is sent, made anew for every attempt because sending
// a batch writes into its headers.
func (m *message) wire() *nats.Msg {
	header := make(nats.Header, len(m.header)+6)
	if m.header == nil {
		header[headerContentType] = contentTypeEvent
	}
	maps.Copy(header, m.header)
	header[jetstream.MsgIDHeader] = []string{m.id}
	if m.place != "" {
		header[HeaderPlace] = []string{m.place}
	}
	return &nats.Msg{Subject: m.subject, Header: header, Data: m.data}
}

// size is about what the message takes in a queue.
func (m *message) size() int { return len(m.data) + len(m.subject) + len(m.id) + len(m.place) + 64 }

// live reports whether anybody still waits for the message.
func (m *message) live() bool {
	if !m.call.over() {
		return true
	}
	for _, twin := range m.twins {
		if !twin.over() {
			return true
		}
	}
	return false
}

func (m *message) settle(err error) {
	m.call.settle(err)
	for _, twin := range m.twins {
		twin.settle(err)
	}
}

// groups sorts the messages of one call by stream, in order.
type groups struct {
	streams  []string
	messages [][]*message
	size     int
}

func newGroups(size int) *groups { return &groups{size: size} }

func (g *groups) add(m *message) error {
	stream := StreamOf(m.subject)
	if stream == "" {
		return fmt.Errorf("publish to %q: no stream keeps this subject", m.subject)
	}
	for i, name := range g.streams {
		if name == stream {
			g.messages[i] = append(g.messages[i], m)
			return nil
		}
	}
	g.streams = append(g.streams, stream)
	g.messages = append(g.messages, append(make([]*message, 0, g.size), m))
	return nil
}
