package durable

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// lane reads one durable: the consumer's own, or the one on RETRY. It keeps one
// batch in hand and fetches one ahead.
type lane struct {
	*Runner

	stream  string
	durable jetstream.Consumer
	ordered bool
	hand    hand
	ahead   chan fetched // nil when nothing is being fetched ahead

	// Of an ordered lane.
	lease    *lease
	stale    bool   // the durable must go back to what is settled before the next fetch
	delivery uint64 // sequence of the last delivery taken

	last uint64 // highest stream sequence taken
}

// newLane returns a lane that is ordered where it has a lease.
func newLane(r *Runner, stream string, durable jetstream.Consumer, lease *lease) *lane {
	info := durable.CachedInfo()
	l := &lane{
		Runner:  r,
		stream:  stream,
		durable: durable,
		ordered: lease != nil,
		lease:   lease,
		hand:    hand{batches: make(map[*held][]*held)},
		last:    metadataCount(info.Config.Metadata, MetaBaseline),
	}
	if !l.ordered { // reset says it of an ordered one
		l.last = max(l.last, info.Delivered.Stream)
	}
	return l
}

// run takes batches until ctx ends.
func (l *lane) run(ctx context.Context) error {
	defer l.stepDown(ctx)
	beating, stopBeating := context.WithCancel(context.WithoutCancel(ctx))
	var beats sync.WaitGroup
	defer func() {
		stopBeating()
		beats.Wait()
	}()
	beats.Go(func() { l.beat(beating) })
	if l.ordered {
		beats.Go(func() { l.keep(beating) })
	}
	defer l.discardAhead()
	for {
		if !l.gate.On() {
			l.discardAhead()
			l.stepDown(ctx)
			l.stats.setState(StatePaused)
		}
		if err := waitOn(ctx, l.gate); err != nil {
			return nil
		}
		batch, err := l.next(ctx)
		if err != nil && !l.recover(ctx, err) {
			return nil
		}
		if err != nil || len(batch) == 0 {
			continue
		}
		err = l.handle(ctx, batch)
		if err != nil && !errors.Is(err, errReleased) {
			return err
		}
	}
}

// handle settles one batch, while the next is fetched.
func (l *lane) handle(ctx context.Context, batch []*held) error {
	defer l.hand.drop(batch)
	if ctx.Err() != nil || !l.gate.On() || !l.active(ctx) {
		l.release(ctx, batch)
		return errReleased
	}
	l.fetchAhead(ctx)
	err := l.settle(ctx, batch)
	if err != nil {
		l.discardAhead()
		l.release(ctx, batch)
	}
	return err
}

// beat extends the acknowledgement wait of everything in hand.
func (l *lane) beat(ctx context.Context) {
	ticker := time.NewTicker(l.cfg.AckWait / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.hand.extend()
		case <-ctx.Done():
			return
		}
	}
}

// recover waits a little after a fetch that failed. It returns false when ctx
// ended.
func (l *lane) recover(ctx context.Context, err error) bool {
	l.stale = l.ordered
	switch {
	case ctx.Err() != nil:
		return false
	case errors.Is(err, ErrOff):
		return true
	case errors.Is(err, errResync):
		l.logger.InfoContext(ctx, "reading again", "stream", l.stream, "reason", err)
	default:
		l.stats.setError(err)
		l.logger.WarnContext(ctx, "fetch interrupted", "stream", l.stream, "error", err)
	}
	return pause(ctx, l.cfg.MinBackoff)
}

// pause waits for d and returns false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// release gives a batch back unacknowledged, but for what is settled.
func (l *lane) release(ctx context.Context, batch []*held) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.cfg.Grace)
	defer cancel()
	defer l.tally(batch)
	if l.ordered {
		l.stale = true
		if err := l.ackFloor(ctx, batch); err != nil {
			l.logger.WarnContext(ctx, "acknowledge interrupted", "stream", l.stream, "error", err)
		}
		return
	}
	for _, message := range batch {
		if !message.settled.Load() {
			_ = message.msg.Nak() // a lost one comes back after the ack wait
		}
	}
}

// discardAhead gives back the batch that was fetched ahead, if any.
func (l *lane) discardAhead() {
	if l.ahead == nil {
		return
	}
	result := <-l.ahead
	l.ahead = nil
	l.stale = l.stale || l.ordered
	if len(result.batch) == 0 {
		return
	}
	for _, message := range result.batch {
		if !l.ordered {
			_ = message.msg.Nak() // a lost one comes back after the ack wait
		}
	}
	l.hand.drop(result.batch)
}
