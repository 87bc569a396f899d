package durable

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// standby returns once this worker is the active one of an ordered lane.
func (l *lane) standby(ctx context.Context) error {
	err := l.lease.await(ctx, vigil{
		takeover: l.cfg.Takeover,
		alone:    l.cfg.Alone,
		watch: func(ctx context.Context) (sign, error) {
			ctx, cancel := context.WithTimeout(ctx, apiTimeout)
			defer cancel()
			seen, err := l.lease.look(ctx) // keep writes it while its worker lives
			return sign{leaseSeen: seen}, err
		},
		rest: func(ctx context.Context, again <-chan time.Time) error {
			l.stats.setState(StateStandby)
			changed := l.gate.Changed()
			if !l.gate.On() {
				return ErrOff
			}
			select {
			case <-again:
			case <-changed:
			case <-ctx.Done():
				return ctx.Err()
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	l.stale = true
	l.stats.setState(StateIdle)
	l.logger.DebugContext(ctx, "active worker", "stream", l.stream)
	return nil
}

// keep shows that this worker is alive, and writes down what is settled, until ctx
// ends.
func (l *lane) keep(ctx context.Context) {
	beat := l.cfg.Takeover / 4
	ticker := time.NewTicker(min(beat, recheck))
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if held, ago := l.lease.held(); held && (ago >= beat || l.lease.news()) {
				_ = l.renew(ctx)
			}
		case <-ctx.Done():
			return
		}
	}
}

// renew makes sure that this worker is the active one.
func (l *lane) renew(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	err := l.lease.renew(asking)
	switch {
	case err == nil || ctx.Err() != nil:
	case errors.Is(err, errResync):
		l.logger.InfoContext(ctx, "no longer the active worker", "stream", l.stream)
	default:
		l.logger.WarnContext(ctx, "lease not renewed", "stream", l.stream, "error", err)
	}
	return err
}

// active reports whether this worker may go on with its batch. One that could not
// show for a while that it is alive may have been replaced: then it must not write
// what the other one writes.
func (l *lane) active(ctx context.Context) bool {
	if !l.ordered {
		return true
	}
	held, ago := l.lease.held()
	if !held || ago < l.cfg.Takeover/2 {
		return held
	}
	if err := l.renew(ctx); err == nil || errors.Is(err, errResync) {
		return err == nil
	}
	return ago < l.cfg.Takeover
}

// stepDown lets a standby take over at once.
func (l *lane) stepDown(ctx context.Context) {
	if !l.ordered {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := l.lease.release(ctx); err != nil {
		l.logger.DebugContext(ctx, "lease not released", "error", err)
	}
}

// reset takes an ordered durable back to what is settled, so that nothing which
// another worker or another run had in hand is passed over.
func (l *lane) reset(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	floor, err := l.floor(ctx)
	if err != nil {
		return err
	}
	l.lease.settle(floor)
	if err := l.lease.renew(ctx); err != nil {
		return err
	}
	next := floor.Floor + 1
	if _, err := l.client.JS.ResetConsumerToSequence(ctx, l.stream, l.cfg.Consumer.Service, next); err != nil {
		return fmt.Errorf("reset durable %s of stream %s: %w", l.cfg.Consumer.Service, l.stream, err)
	}
	l.stale = false
	l.delivery = 0
	l.last = max(l.last, floor.Floor)
	return nil
}

// floor finds out up to where all is settled. The server's word for it is the
// durable's own floor, which a message that is erased while it is delivered takes
// with it, past everything before it that is not stored. So where that floor is
// ahead of what the lease says, it counts only while its message is there: an erased
// one cannot have been put there by an acknowledgement for all that anybody knows.
// What is read again then is what was settled since the lease was last written.
func (l *lane) floor(ctx context.Context) (settled, error) {
	info, err := l.durable.Info(ctx)
	if err != nil {
		return settled{}, fmt.Errorf("inspect durable %s: %w", l.cfg.Consumer.Key(), err)
	}
	server := settled{Floor: info.AckFloor.Stream, Durable: info.Created.UTC()}
	known := l.lease.known()
	if !known.Durable.Equal(server.Durable) || server.Floor <= known.Floor {
		return server, nil // an operator may have taken it back
	}
	there, err := l.isThere(ctx, server.Floor)
	if err != nil || there {
		return server, err
	}
	l.logger.InfoContext(ctx, "the durable's floor is at a message that is gone: going on from what is known to be settled",
		"stream", l.stream, "floor", server.Floor, "settled", known.Floor)
	server.Floor = known.Floor
	return server, nil
}

// isThere reports whether the stream has a message. It asks the stream's leader,
// since a replica may still have what is erased.
func (l *lane) isThere(ctx context.Context, sequence uint64) (bool, error) {
	js, err := l.client.Conn.JetStream()
	if err != nil {
		return false, fmt.Errorf("open jetstream: %w", err)
	}
	_, err = js.GetMsg(l.stream, sequence, nats.Context(ctx))
	if errors.Is(err, nats.ErrMsgNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read message %d of stream %s: %w", sequence, l.stream, err)
	}
	return true, nil
}
