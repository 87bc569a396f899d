package durable

import (
	"context"
	"time"
)

// Message is one stored message as a sink sees it. Its bytes must not be changed
// and are valid until Write returns.
type Message struct {
	Subject  string              // as first published, also when the message is a requeued dead letter
	Key      string              // what order is kept by: the ticker's token
	ID       string              // event id, from the header Nats-Msg-Id; "" where the publisher set none
	Data     []byte              // an encoded event; a publisher outside Cashtag may have sent anything
	Headers  map[string][]string // nil where there is none
	Stream   string              // where it was first published
	Sequence uint64              // its position in Stream
	StoredAt time.Time           // when the server stored it
	Tries    int                 // how often a sink's Write of it has failed before
}

// Sink stores messages at a far end.
//
// Write is given at least one message and returns nil when all are stored, or one
// error per message, nil where that message is stored. It is never called
// concurrently on one Sink. ctx ends when the service must stop now; a Write that
// returns then counts what it reports.
//
// The engine tells three kinds of error apart, by errors.As through any wrapping:
// Poison buries the message, Fatal ends the service, and any other is tried
// again. Unavailable says that the far end failed and not the message; without
// it a failure of all of two or more messages is taken for one of the far end.
//
// A message may come again after it was stored. Write must then report success
// without storing it twice, as far as the far end allows.
type Sink interface {
	Write(ctx context.Context, batch []Message) []error
}
