package merge

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"cashtag/streams"
	"cashtag/streams/durable"

	"github.com/nats-io/nats.go/jetstream"
)

// grace is how long the last checkpoint may take after the end.
const grace = 8 * time.Second

// ahead is how far past a clock that is held back the awaited stream is looked
// through.
const ahead = time.Hour

// session reads from the last checkpoint on until ctx ends, which is no error, or
// something is wrong.
func (r *Reader) session(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.republish(ctx); err != nil {
		return err
	}
	if err := r.show(ctx); err != nil { // what is shown as done is published
		return err
	}
	err := r.work(ctx)
	if err != nil && ctx.Err() == nil {
		return err
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if r.applied == 0 {
		return nil
	}
	return r.commit(last)
}

// open takes the checkpoint and finds the streams.
func (r *Reader) open(ctx context.Context) error {
	var err error
	if r.store, err = openStore(ctx, r.client, r.cfg); err != nil {
		return err
	}
	if r.current, err = r.store.take(ctx); err != nil {
		return err
	}
	if err := r.handler.Restore(r.current.snapshot); err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	r.current.snapshot = nil
	r.inputs = nil
	for _, name := range r.cfg.Streams {
		stream, err := r.client.JS.Stream(ctx, name)
		if err != nil {
			return fmt.Errorf("stream %s: %w", name, err)
		}
		info := stream.CachedInfo()
		in := &input{name: name, stream: stream, created: info.Created.UTC()}
		if at, ok := r.current.Streams[name]; ok {
			if !at.CreatedAt.Equal(in.created) || at.Sequence > info.State.LastSeq {
				return fmt.Errorf("%w: stream %s was made anew since: purge the keys %s.* of the bucket %s to begin again",
					ErrCheckpoint, name, r.cfg.Service, streams.BucketCheckpoints)
			}
			in.position, in.fetched = at.Sequence, at.Sequence
		}
		if err := r.createDurable(ctx, in, info.State); err != nil {
			return err
		}
		r.inputs = append(r.inputs, in)
	}
	r.applied, r.committed = 0, time.Now()
	return nil
}

// createDurable makes the durable that shows how far the checkpoint is.
func (r *Reader) createDurable(ctx context.Context, in *input, state jetstream.StreamState) error {
	_, err := in.stream.Consumer(ctx, r.cfg.Service)
	if err == nil || !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return err
	}
	baseline := state.LastSeq
	if state.Msgs > 0 {
		baseline = state.FirstSeq - 1
	}
	_, err = r.client.JS.CreateOrUpdateConsumer(ctx, in.name, jetstream.ConsumerConfig{
		Durable:     r.cfg.Service,
		Description: "shows how far the checkpoint of " + r.cfg.Service + " is",
		AckPolicy:   jetstream.AckAllPolicy,
		MaxDeliver:  -1,
		Metadata:    map[string]string{durable.MetaBaseline: strconv.FormatUint(baseline, 10)},
	})
	if err != nil {
		return fmt.Errorf("create durable %s of stream %s: %w", r.cfg.Service, in.name, err)
	}
	return nil
}

// show moves the durables to where the checkpoint is, and tells who waits for it.
func (r *Reader) show(ctx context.Context) error {
	for _, in := range r.inputs {
		r.mu.Lock()
		shown, known := r.done[in.name]
		r.mu.Unlock()
		if known && shown == in.position {
			continue
		}
		if _, err := r.client.JS.ResetConsumerToSequence(ctx, in.name, r.cfg.Service, in.position+1); err != nil {
			return fmt.Errorf("move durable %s of stream %s: %w", r.cfg.Service, in.name, err)
		}
		r.mu.Lock()
		r.done[in.name] = in.position
		r.mu.Unlock()
	}
	r.mu.Lock()
	close(r.moved)
	r.moved = make(chan struct{})
	r.mu.Unlock()
	return nil
}

// work hands events over until ctx ends.
func (r *Reader) work(ctx context.Context) error {
	for {
		changed := r.gate.Changed()
		if !r.gate.On() {
			r.setState(durable.StatePaused)
			if err := wait(ctx, changed, 0); err != nil {
				return err
			}
			continue
		}
		r.setState(durable.StateRunning)
		first, err := r.next(ctx)
		switch {
		case err != nil:
			return err
		case first != nil:
			first = r.instead(first)
		}
		if first == nil {
			if err := r.rest(ctx, changed); err != nil {
				return err
			}
			continue
		}
		r.apply(first)
		if r.applied >= r.cfg.CommitEvents {
			if err := r.commit(ctx); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (r *Reader) apply(in *input) {
	item := in.waiting[0]
	in.waiting = in.waiting[1:]
	in.position = item.Sequence
	r.applied++
	r.mu.Lock()
	r.read[in.name]++
	r.mu.Unlock()
	if item.Event.Data != nil {
		r.handler.Apply(item)
	}
	if in.name != r.cfg.Clock {
		r.resumed = time.Time{}
	}
}

// instead is the input to take from where first has the head that comes first: of the
// clock that is held back it is the awaited stream, or nil where nothing is there. It
// gives up once nothing came for Config.Patience, or what comes is of a later time.
func (r *Reader) instead(first *input) *input {
	if first.name != r.cfg.Clock || !r.handler.Waits() {
		return first
	}
	now := time.Now()
	if r.resumed.IsZero() {
		r.resumed = now.Add(r.cfg.Patience)
	}
	until := first.waiting[0].Event.Time.Add(ahead)
	for _, in := range r.inputs {
		if in.name == r.cfg.Awaited && len(in.waiting) > 0 && in.waiting[0].Event.Time.Before(until) {
			return in
		}
		if in.name == r.cfg.Awaited && len(in.waiting) == 0 && now.Before(r.resumed) {
			return nil
		}
	}
	r.handler.GiveUp()
	r.resumed = time.Time{}
	return first
}

// rest makes a checkpoint where it is time for one, and waits for more.
func (r *Reader) rest(ctx context.Context, changed <-chan struct{}) error {
	since := time.Since(r.committed)
	due := r.handler.Due() && since >= r.cfg.CommitPause
	if due || (r.applied > 0 && (since >= r.cfg.CommitEvery || r.flush.Swap(false))) {
		if err := r.commit(ctx); err != nil {
			return err
		}
	}
	return wait(ctx, changed, r.cfg.Poll)
}

func wait(ctx context.Context, changed <-chan struct{}, most time.Duration) error {
	var passed <-chan time.Time
	if most > 0 {
		timer := time.NewTimer(most)
		defer timer.Stop()
		passed = timer.C
	}
	select {
	case <-passed:
	case <-changed:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
