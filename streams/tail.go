package streams

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// LastIDs returns the ids of the newest n messages on subject, which may hold
// wildcards, the oldest of them first; fewer where the stream holds fewer.
func LastIDs(ctx context.Context, client *Client, subject string, n int) ([]string, error) {
	ids, err := lastIDs(ctx, client.JS, StreamOf(subject), subject, n)
	if err != nil {
		return nil, fmt.Errorf("last ids of %s: %w", subject, err)
	}
	return ids, nil
}

func lastIDs(ctx context.Context, js jetstream.JetStream, name, subject string, n int) ([]string, error) {
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return nil, err
	}
	state := stream.CachedInfo().State
	if state.Msgs == 0 {
		return nil, nil
	}
	var looks [][]string // the last part of the stream first
	found, end, look := 0, state.LastSeq, uint64(max(n, firstLook))
	for found < n {
		start := state.FirstSeq
		if end-start >= look {
			start = end - look + 1
		}
		ids, err := idsWithin(ctx, js, name, subject, start, end, n-found)
		if err != nil {
			return nil, err
		}
		looks, found = append(looks, ids), found+len(ids)
		if start == state.FirstSeq {
			break
		}
		end, look = start-1, look*2
	}
	slices.Reverse(looks)
	return slices.Concat(looks...), nil
}

// idsWithin returns the newest n ids of the sequences start to end.
func idsWithin(ctx context.Context, js jetstream.JetStream, stream, subject string, start, end uint64, n int) ([]string, error) {
	var ids []string
	for start <= end {
		next, err := readRun(ctx, js, stream, start, func(message *jetstream.RawStreamMsg) {
			if message.Sequence > end {
				return
			}
			if len(ids) >= 2*n {
				ids = append(ids[:0], ids[len(ids)-n:]...)
			}
			ids = append(ids, message.Header.Get(jetstream.MsgIDHeader))
		}, jetstreamext.GetBatchSubject(subject))
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			break
		}
		if err != nil {
			return nil, err
		}
		start = next
	}
	return ids[max(0, len(ids)-n):], nil
}
