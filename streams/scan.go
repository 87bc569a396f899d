package streams

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// Scan calls visit with every message on subject, which may hold wildcards, the
// oldest first, up to the last that its stream holds when Scan begins. At most
// 1024 messages and 8 MiB are in memory at once. An error of visit ends the scan.
func Scan(ctx context.Context, client *Client, subject string, visit func(*jetstream.RawStreamMsg) error) error {
	if err := scan(ctx, client.JS, StreamOf(subject), subject, visit); err != nil {
		return fmt.Errorf("scan %s: %w", subject, err)
	}
	return nil
}

func scan(ctx context.Context, js jetstream.JetStream, name, subject string, visit func(*jetstream.RawStreamMsg) error) error {
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return err
	}
	state := stream.CachedInfo().State
	for next := state.FirstSeq; state.Msgs > 0 && next <= state.LastSeq; {
		var failed error
		next, err = readRun(ctx, js, name, next, func(message *jetstream.RawStreamMsg) {
			if failed == nil && message.Sequence <= state.LastSeq {
				failed = visit(message)
			}
		}, jetstreamext.GetBatchSubject(subject))
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			return failed
		}
		if err := errors.Join(err, failed); err != nil {
			return err
		}
	}
	return nil
}
