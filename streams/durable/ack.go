package durable

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// markStored settles what the sink stored. Explicit acknowledgements go out at
// once, so that a kill repeats as little as possible.
func (l *lane) markStored(stored []*held) {
	for _, message := range stored {
		message.settled.Store(true)
		if !l.ordered {
			_ = message.msg.Ack() // a lost one brings the message again, and the sink knows it
		}
	}
}

// finish acknowledges a settled batch.
func (l *lane) finish(ctx context.Context, batch []*held) {
	defer l.tally(batch)
	if !l.ordered {
		return
	}
	if err := l.ackFloor(ctx, batch); err != nil {
		l.stale = true
		l.logger.WarnContext(ctx, "acknowledge interrupted", "stream", l.stream, "error", err)
	}
}

// tally counts what of a batch was stored.
func (l *lane) tally(batch []*held) {
	for _, message := range batch {
		if !message.settled.Load() && l.ordered {
			return
		}
		if message.settled.Load() && !message.buried {
			l.stats.stored.Add(1)
			l.stats.storedAt.Store(message.StoredAt.UnixNano())
		}
	}
}

// ackFloor acknowledges the contiguous settled start of an ordered batch.
func (l *lane) ackFloor(ctx context.Context, batch []*held) error {
	var floor *held
	for _, message := range batch {
		if !message.settled.Load() {
			break
		}
		floor = message
	}
	if floor == nil || l.delivery < floor.delivery {
		return nil
	}
	known := l.lease.known()
	known.Floor = floor.position
	l.lease.settle(known)
	if err := floor.msg.DoubleAck(ctx); err != nil && !errors.Is(err, jetstream.ErrMsgAlreadyAckd) {
		return fmt.Errorf("acknowledge up to %d: %w", floor.position, err)
	}
	return nil
}
