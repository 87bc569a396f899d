package durable

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// idleWait is how long one pull waits on a quiet stream for its first message.
const idleWait = 5 * time.Second

// fetched is what one round of pulls brought.
type fetched struct {
	batch []*held
	err   error
}

// next returns the batch that was fetched ahead, or fetches one. It is empty when
// the stream is quiet.
func (l *lane) next(ctx context.Context) ([]*held, error) {
	if l.ahead == nil {
		if err := l.prepare(ctx); err != nil {
			return nil, err
		}
		l.fetchAhead(ctx)
	}
	result := <-l.ahead
	l.ahead = nil
	if result.err != nil || len(result.batch) == 0 {
		if len(result.batch) > 0 {
			l.hand.drop(result.batch)
			l.release(ctx, result.batch)
		}
		if result.err == nil && l.stats.snapshot().State != StateStandby {
			l.stats.setState(StateIdle)
		}
		return nil, result.err
	}
	if l.ordered {
		if ok, err := l.inOrder(ctx, result.batch); err != nil || !ok {
			l.hand.drop(result.batch)
			return nil, err
		}
	}
	l.account(ctx, result.batch)
	return result.batch, nil
}

// prepare makes an ordered lane's next fetch begin behind what is settled, as the
// active worker.
func (l *lane) prepare(ctx context.Context) error {
	if !l.ordered {
		return nil
	}
	if held, _ := l.lease.held(); !held {
		if err := l.standby(ctx); err != nil {
			return err
		}
	}
	if !l.stale {
		return nil
	}
	return l.reset(ctx)
}

// inOrder checks that nothing was delivered to this worker which it did not see,
// since an acknowledgement would cover that too. Where it cannot be sure, it takes
// the durable back to what is settled and returns false: the batch comes again.
func (l *lane) inOrder(ctx context.Context, batch []*held) (bool, error) {
	if l.stale {
		return false, l.reset(ctx)
	}
	for _, message := range batch {
		if message.delivery != l.delivery+1 {
			l.stale = true
			return false, l.reset(ctx)
		}
		l.delivery = message.delivery
	}
	return true, nil
}

// account counts redeliveries and what the stream dropped unread.
func (l *lane) account(ctx context.Context, batch []*held) {
	for _, message := range batch {
		if message.again || message.position <= l.last {
			l.stats.redelivered.Add(1)
		}
		if message.position > l.last+1 {
			l.countMissing(ctx, l.last+1, message.position-1)
		}
		l.last = max(l.last, message.position)
	}
}

// countMissing counts those of the sequences from..to that fell out of the stream
// by its limits. Sequences erased from the middle are not missing.
func (l *lane) countMissing(ctx context.Context, from, to uint64) {
	stream, err := l.client.JS.Stream(ctx, l.stream)
	if err != nil {
		l.logger.WarnContext(ctx, "gap not explained", "stream", l.stream, "from", from, "to", to, "error", err)
		return
	}
	dropped := min(to+1, stream.CachedInfo().State.FirstSeq)
	if dropped <= from {
		return
	}
	n := dropped - from
	l.stats.missing.Add(n)
	l.logger.ErrorContext(ctx, "events lost: the stream dropped them before they were read",
		"stream", l.stream, "from", from, "to", dropped-1, "events", n)
	durable := l.durable.CachedInfo().Name
	if err := addMetadata(ctx, l.client, l.stream, durable, metaMissing, n); err != nil {
		l.logger.ErrorContext(ctx, "missing events not recorded", "error", err)
	}
}

// fetchAhead starts the next round of pulls.
func (l *lane) fetchAhead(ctx context.Context) {
	ahead := make(chan fetched, 1)
	l.ahead = ahead
	go func() {
		batch, err := l.fetch(ctx)
		if len(batch) > 0 {
			l.hand.take(batch)
		}
		ahead <- fetched{batch, err}
	}()
}

// fetch pulls what there is; on a quiet stream it waits for the first message and
// lingers for those that follow it.
func (l *lane) fetch(ctx context.Context) ([]*held, error) {
	batch, err := l.pull(l.cfg.MaxBatch, jetstream.FetchMaxWait(l.cfg.Linger))
	if err != nil || len(batch) > 0 || l.cfg.MaxBatch == 1 {
		return batch, err
	}
	idle, cancel := context.WithTimeout(ctx, idleWait)
	defer cancel()
	batch, err = l.pull(1, jetstream.FetchContext(idle))
	if err != nil || len(batch) == 0 {
		return batch, err
	}
	more, err := l.pull(l.cfg.MaxBatch-1, jetstream.FetchMaxWait(l.cfg.Linger))
	return append(batch, more...), err
}

func (l *lane) pull(n int, wait jetstream.FetchOpt) ([]*held, error) {
	messages, err := l.durable.Fetch(n, wait, jetstream.FetchMaxBytes(l.cfg.MaxBytes))
	if err != nil {
		return nil, fmt.Errorf("fetch from stream %s: %w", l.stream, err)
	}
	batch := make([]*held, 0, min(n, 64))
	for msg := range messages.Messages() {
		message, err := newHeld(msg)
		if err != nil {
			return batch, fmt.Errorf("read metadata of a message of stream %s: %w", l.stream, err)
		}
		batch = append(batch, message)
	}
	if err := messages.Error(); err != nil && !quiet(err) {
		return batch, fmt.Errorf("fetch from stream %s: %w", l.stream, err)
	}
	return batch, nil
}

// quiet reports whether a pull merely ended without filling its batch.
func quiet(err error) bool {
	return errors.Is(err, nats.ErrTimeout) || errors.Is(err, jetstream.ErrNoMessages) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
