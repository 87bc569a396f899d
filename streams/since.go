package streams

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// ReadSince calls each, in order, with what a stream holds after a sequence, and
// returns the sequence of its last message. It needs no consumer: it is for small
// streams that are read from their beginning and then followed. A last sequence
// below after says that the stream was made anew; nothing is read then, and the
// caller begins anew at 0.
func ReadSince(ctx context.Context, client *Client, stream string, after uint64, each func(sequence uint64, data []byte)) (last uint64, err error) {
	found, err := client.JS.Stream(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("read stream %s: %w", stream, err)
	}
	state := found.CachedInfo().State
	for start := max(after+1, state.FirstSeq); state.Msgs > 0 && start <= state.LastSeq; {
		next, err := readRun(ctx, client.JS, stream, start, func(message *jetstream.RawStreamMsg) {
			if message.Sequence <= state.LastSeq {
				each(message.Sequence, message.Data)
			}
		})
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			break // the rest was erased meanwhile
		}
		if err != nil {
			return 0, fmt.Errorf("read stream %s: %w", stream, err)
		}
		start = next
	}
	return state.LastSeq, nil
}
