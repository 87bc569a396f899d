package streams

import (
	"context"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// commit stores a batch and settles each of its messages.
func (c *committer) commit(ctx context.Context, batch []*message) {
	batch = distinct(batch)
	placed := false
	for _, m := range batch {
		placed = placed || m.place != ""
	}
	switch {
	case len(batch) == 1:
		c.singly(ctx, batch)
	case c.atomic && (placed || !c.async):
		c.atomically(ctx, batch)
	case placed:
		c.singly(ctx, batch)
	default:
		c.asynchronously(ctx, batch)
	}
}

// distinct drops messages that nobody waits for and lets those with the same id
// share one: a server refuses a batch that has an id twice.
func distinct(batch []*message) []*message {
	kept := make([]*message, 0, len(batch))
	byID := make(map[string]*message, len(batch))
	for _, m := range batch {
		if !m.live() {
			continue
		}
		if first, ok := byID[m.id]; ok {
			first.twins = append(first.twins, m.call)
			continue
		}
		byID[m.id] = m
		kept = append(kept, m)
	}
	return kept
}

// living is the messages of batch that somebody still waits for.
func living(batch []*message) []*message {
	kept := make([]*message, 0, len(batch))
	for _, m := range batch {
		if m.live() {
			kept = append(kept, m)
		}
	}
	return kept
}

// atomically stores a batch whole, or singly where the server refuses it whole:
// for a duplicate, or for one message, which is then the only one to fail.
func (c *committer) atomically(ctx context.Context, batch []*message) {
	retry := c.newRetry(len(batch))
	for broken := 0; ; {
		batch = living(batch)
		if len(batch) < 2 {
			break
		}
		err := c.link.attempt(ctx, c.cfg.Timeout, func(ctx context.Context) error {
			wire := make([]*nats.Msg, len(batch))
			for i, m := range batch {
				wire[i] = m.wire()
			}
			_, err := jetstreamext.PublishMsgBatch(ctx, c.js, wire, jetstreamext.BatchFlowControl{})
			return err
		})
		verdict := verdictOf(err)
		if verdict == incomplete {
			// A server that went away midway, or a message it will not take.
			broken++
		}
		switch {
		case verdict == stored:
			c.counters.batches.Add(1)
			c.counters.events.Add(uint64(len(batch)))
			settle(batch, nil)
			return
		case verdict == split || verdict == refused || broken > 1:
			c.singly(ctx, batch)
			return
		case !retry.again(ctx, verdict, err):
			settle(batch, retry.failure(ctx, err))
			return
		}
	}
	c.singly(ctx, batch)
}

// singly stores message after message, each only once the one before it is
// settled.
func (c *committer) singly(ctx context.Context, batch []*message) {
	for _, m := range batch {
		retry := c.newRetry(1)
		for m.live() {
			var ack *jetstream.PubAck
			err := c.link.attempt(ctx, c.cfg.Timeout, func(ctx context.Context) (err error) {
				ack, err = c.js.PublishMsg(ctx, m.wire(), jetstream.WithRetryAttempts(0))
				return err
			})
			verdict := verdictOf(err)
			if verdict == stored {
				c.count(ack)
				m.settle(nil)
				break
			}
			if verdict == refused || verdict == split || !retry.again(ctx, verdict, err) {
				m.settle(retry.failure(ctx, err))
				break
			}
		}
	}
}

// asynchronously sends a batch without waiting and then collects the answers. What
// went unanswered is sent again, in order.
func (c *committer) asynchronously(ctx context.Context, batch []*message) {
	retry := c.newRetry(len(batch))
	for {
		batch = living(batch)
		if len(batch) == 0 {
			return
		}
		var (
			worst   verdict
			last    error
			pending []*message
		)
		for i, result := range c.sendAll(ctx, batch) {
			err := result(ctx)
			switch verdict := verdictOf(err); verdict {
			case stored:
				batch[i].settle(nil)
			case refused, split:
				batch[i].settle(retry.failure(ctx, err))
			default:
				worst, last = max(worst, verdict), err
				pending = append(pending, batch[i])
			}
		}
		batch = pending
		if len(batch) > 0 && !retry.again(ctx, worst, last) {
			settle(batch, retry.failure(ctx, last))
			return
		}
	}
}

// sendAll publishes a batch without waiting and returns how to wait for each.
func (c *committer) sendAll(ctx context.Context, batch []*message) []func(context.Context) error {
	results := make([]func(context.Context) error, len(batch))
	for i, m := range batch {
		var future jetstream.PubAckFuture
		err := c.link.up(ctx)
		if err == nil {
			future, err = c.js.PublishMsgAsync(m.wire(), jetstream.WithRetryAttempts(0))
		}
		results[i] = func(ctx context.Context) error {
			if err != nil {
				return err
			}
			select {
			case ack := <-future.Ok():
				c.count(ack)
				return nil
			case err := <-future.Err():
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return results
}

func (c *committer) count(ack *jetstream.PubAck) {
	c.counters.singles.Add(1)
	if ack.Duplicate {
		c.counters.duplicates.Add(1)
		return
	}
	c.counters.events.Add(1)
}

func settle(batch []*message, err error) {
	for _, m := range batch {
		m.settle(err)
	}
}
