package durable

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// settle writes a batch until every message of it is stored or buried. It returns
// errReleased when the flag went off or ctx ended between two tries, and the
// sink's error when that is fatal.
func (l *lane) settle(ctx context.Context, batch []*held) error {
	working, cancel := outlive(ctx, l.cfg.Grace)
	defer cancel()
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = l.cfg.MinBackoff
	pauses.MaxInterval = l.cfg.MaxBackoff

	l.stats.setState(StateRunning)
	todo := batch
	for {
		failed, err := l.try(working, todo)
		if err != nil {
			return err
		}
		if len(failed) == 0 {
			break
		}
		l.stats.setState(StateRetrying)
		if !l.await(ctx, pauses.NextBackOff()) || !l.active(ctx) {
			return errReleased
		}
		todo = failed
		if l.ordered {
			todo = withFollowers(batch, failed)
		}
		l.stats.retries.Add(uint64(len(todo)))
	}
	l.stats.setError(nil)
	l.finish(working, batch)
	return nil
}

// try writes the messages once and settles what can be settled. It returns those
// to write again.
func (l *lane) try(ctx context.Context, todo []*held) ([]*held, error) {
	errs, err := l.write(ctx, todo)
	if err != nil {
		return nil, err
	}
	outage := sinkFailed(errs)
	var failed, stored []*held
	for i, message := range todo {
		switch err := errs[i]; {
		case err == nil:
			stored = append(stored, message)
			continue
		case IsPoison(err):
			message.tries++
			err = l.bury(ctx, message, err)
			if err != nil {
				return nil, err
			}
			continue
		case !outage && !IsUnavailable(err):
			message.tries++
			if message.tries >= int64(l.cfg.MaxTries) {
				if err := l.bury(ctx, message, err); err != nil {
					return nil, err
				}
				continue
			}
		}
		failed = append(failed, message)
		l.noteFailure(ctx, message, errs[i], len(failed) == 1)
	}
	l.markStored(stored)
	return failed, nil
}

// write calls the sink once.
func (l *lane) write(ctx context.Context, todo []*held) ([]error, error) {
	messages := make([]Message, len(todo))
	for i, message := range todo {
		messages[i] = message.Message
		messages[i].Tries = int(message.tries)
	}
	l.writing.Lock()
	errs := l.sink.Write(ctx, messages)
	l.writing.Unlock()
	l.stats.batches.Add(1)
	if errs == nil {
		return make([]error, len(todo)), nil
	}
	if len(errs) != len(todo) {
		return nil, Fatal(fmt.Errorf("sink answered %d errors for %d messages", len(errs), len(todo)))
	}
	for _, err := range errs {
		if IsFatal(err) {
			return nil, err
		}
	}
	return errs, nil
}

// sinkFailed reports whether a call looks like a failure of the far end: all of
// two or more messages failed, none of them for good.
func sinkFailed(errs []error) bool {
	for _, err := range errs {
		if err == nil || IsPoison(err) {
			return false
		}
	}
	return len(errs) > 1
}

// noteFailure keeps the sink's word for the table and logs the first of a batch.
func (l *lane) noteFailure(ctx context.Context, message *held, err error, firstOfBatch bool) {
	if !firstOfBatch {
		return
	}
	l.stats.setError(err)
	l.logger.WarnContext(ctx, "sink failed, trying again",
		"subject", message.Subject, "sequence", message.position, "tries", message.tries, "error", err)
}

// await pauses between two tries. It returns false when the batch must be
// released instead: ctx ended or the flag went off.
func (l *lane) await(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		changed := l.gate.Changed()
		if ctx.Err() != nil || !l.gate.On() {
			return false
		}
		select {
		case <-timer.C:
			return true
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// withFollowers adds to the failed messages the later ones of their keys, stored
// or not, so that the last word on a key is the latest.
func withFollowers(batch, failed []*held) []*held {
	again := make(map[*held]struct{}, len(failed))
	for _, message := range failed {
		again[message] = struct{}{}
	}
	behind := make(map[string]struct{}, len(failed))
	todo := make([]*held, 0, len(failed))
	for _, message := range batch {
		_, failedNow := again[message]
		_, follows := behind[message.Key]
		if message.buried || (!failedNow && !follows) {
			continue
		}
		behind[message.Key] = struct{}{}
		message.settled.Store(false)
		todo = append(todo, message)
	}
	return todo
}

// outlive returns a context that ends grace after ctx does.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return working, func() { stop(); cancel() }
}
