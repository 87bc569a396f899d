package durable

import (
	"strconv"
	"sync"
	"sync/atomic"

	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// The headers of a message on RETRY that say where it came from.
const (
	// HeaderMsgID holds the message id that the original was published with.
	HeaderMsgID = "Cashtag-Msg-Id"
	// HeaderSequence holds the original's sequence in its stream.
	HeaderSequence = "Cashtag-Sequence"
)

// held is a message in hand: delivered and not yet settled.
type held struct {
	Message
	msg      jetstream.Msg
	position uint64 // sequence in the stream it was read from, which may be RETRY
	delivery uint64 // sequence of the delivery, from 1 on since the durable's reset
	again    bool   // the server delivered it before
	tries    int64  // failures of its own
	buried   bool
	settled  atomic.Bool
}

func newHeld(msg jetstream.Msg) (*held, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return nil, err
	}
	headers := map[string][]string(msg.Headers())
	h := &held{
		Message: Message{
			Subject:  msg.Subject(),
			Data:     msg.Data(),
			Headers:  headers,
			Stream:   meta.Stream,
			Sequence: meta.Sequence.Stream,
			StoredAt: meta.Timestamp,
		},
		msg:      msg,
		position: meta.Sequence.Stream,
		delivery: meta.Sequence.Consumer,
		again:    meta.NumDelivered > 1,
	}
	h.ID = first(headers, jetstream.MsgIDHeader)
	if meta.Stream == streams.Retry {
		h.restoreOrigin()
	}
	h.Key = streams.Key(h.Subject)
	return h, nil
}

// restoreOrigin makes a requeued dead letter look to the sink as it did when it
// was read from its own stream.
func (h *held) restoreOrigin() {
	h.Subject = streams.Original(h.Subject)
	h.Stream = streams.StreamOf(h.Subject)
	h.ID = first(h.Headers, HeaderMsgID)
	if sequence, err := strconv.ParseUint(first(h.Headers, HeaderSequence), 10, 64); err == nil {
		h.Sequence = sequence
	}
	delete(h.Headers, HeaderMsgID)
	delete(h.Headers, HeaderSequence)
	delete(h.Headers, jetstream.MsgIDHeader)
	if h.ID != "" {
		h.Headers[jetstream.MsgIDHeader] = []string{h.ID}
	}
}

func first(headers map[string][]string, key string) string {
	if values := headers[key]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// hand is every batch that a lane must keep from being redelivered.
type hand struct {
	mu      sync.Mutex
	batches map[*held][]*held // by their first message
}

func (h *hand) take(batch []*held) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.batches[batch[0]] = batch
}

func (h *hand) drop(batch []*held) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.batches, batch[0])
}

// extend asks the server to wait longer for everything in hand.
func (h *hand) extend() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, batch := range h.batches {
		for _, message := range batch {
			if !message.settled.Load() {
				_ = message.msg.InProgress() // a lost one costs a redelivery, never a message
			}
		}
	}
}
