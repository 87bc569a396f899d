package merge

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
)

// commit stores a checkpoint and publishes its events.
func (r *Reader) commit(ctx context.Context) error {
	snapshot, events, err := r.handler.Commit(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	c := checkpoint{
		head:     head{Generation: r.current.Generation + 1, Worker: r.worker, Streams: make(map[string]place)},
		revision: r.current.revision, snapshot: snapshot, events: events,
	}
	for _, in := range r.inputs {
		c.Streams[in.name] = place{CreatedAt: in.created, Sequence: in.position}
	}
	if err := r.store.save(ctx, &c); err != nil {
		return err
	}
	c.snapshot = nil
	r.current = c
	r.applied, r.committed = 0, time.Now()
	r.stats.checkpoints.Add(1)
	r.stats.bytes.Store(int64(len(snapshot)))
	if err := r.publish(ctx, events, 0); err != nil {
		return err
	}
	r.current.events = nil
	r.setError("")
	return r.show(ctx)
}

// publish stores the checkpoint's events from one on. The place of each says which
// it is, and what the checkpoint was made from.
func (r *Reader) publish(ctx context.Context, events []schemas.Event, from int) error {
	if from >= len(events) {
		return nil
	}
	var read strings.Builder
	for _, in := range r.inputs {
		fmt.Fprintf(&read, " %s=%d", in.name, r.current.Streams[in.name].Sequence)
	}
	placed := make([]streams.Placed, 0, len(events)-from)
	for i, event := range events[from:] {
		where := fmt.Sprintf("%d/%d%s", r.current.Generation, from+i+1, read.String())
		placed = append(placed, streams.Placed{Event: event, Place: where})
	}
	if err := r.publisher.PublishPlaced(ctx, r.cfg.Service, placed...); err != nil {
		return fmt.Errorf("publish to %s: %w", r.cfg.Output, err)
	}
	r.stats.published.Add(uint64(len(placed)))
	return nil
}

// republish stores what of the checkpoint's events is not in the output yet.
func (r *Reader) republish(ctx context.Context) error {
	events := r.current.events
	if len(events) == 0 {
		return nil
	}
	last, err := streams.LastPlace(ctx, r.client, r.cfg.Output, r.cfg.Service)
	if err != nil {
		return err
	}
	stored := 0
	generation, rest, _ := strings.Cut(last, "/")
	if generation == strconv.FormatUint(r.current.Generation, 10) {
		count, _, _ := strings.Cut(rest, " ")
		if stored, err = strconv.Atoi(count); err != nil {
			return fmt.Errorf("place %q in %s: %w", last, r.cfg.Output, err)
		}
	}
	return r.publish(ctx, events, stored)
}
