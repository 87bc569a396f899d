package merge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cashtag/schemas"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

const (
	readBytes   = 8 << 20
	readTimeout = 10 * time.Second
)

// input is one stream on its way into the merge.
type input struct {
	name     string
	stream   jetstream.Stream
	created  time.Time
	position uint64 // last sequence that the Handler has
	fetched  uint64 // last sequence that was read
	waiting  []Item
	read     uint64    // number of the reading that filled waiting
	empty    uint64    // number of the last reading that found nothing
	asked    time.Time // when that was
}

// fetch reads what comes next and reports whether there was anything.
func (r *Reader) fetch(ctx context.Context, in *input) (bool, error) {
	r.readings++
	in.read, in.asked = r.readings, time.Now()
	call, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	run, err := jetstreamext.GetBatch(call, r.client.JS, in.name, r.cfg.MaxBatch,
		jetstreamext.GetBatchSeq(in.fetched+1), jetstreamext.GetBatchMaxBytes(readBytes))
	if err != nil {
		return false, fmt.Errorf("read stream %s: %w", in.name, err)
	}
	in.waiting = in.waiting[:0]
	came := false
	for message, err := range run {
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			break
		}
		if err != nil {
			return false, fmt.Errorf("read stream %s from %d: %w", in.name, in.fetched+1, err)
		}
		if message.Sequence != in.fetched+1 {
			if err := r.explain(ctx, in, message.Sequence); err != nil {
				return false, err
			}
		}
		came, in.fetched = true, message.Sequence
		in.waiting = append(in.waiting, r.item(ctx, in.name, message))
	}
	if !came {
		in.empty = r.readings
	}
	return came, nil
}

// item decodes a message. One that is no event is an item without data.
func (r *Reader) item(ctx context.Context, stream string, message *jetstream.RawStreamMsg) Item {
	item := Item{Stream: stream, Sequence: message.Sequence}
	event, err := schemas.Decode(message.Data)
	if err == nil {
		err = event.Validate()
	}
	if err != nil {
		r.stats.invalid.Add(1)
		r.logger.WarnContext(ctx, "no event: passed over", "stream", stream, "sequence", message.Sequence, "error", err)
		return item
	}
	item.Event = event
	return item
}

// explain accounts for sequences that are not there: some were deleted, and those
// before the stream's first were dropped unread.
func (r *Reader) explain(ctx context.Context, in *input, came uint64) error {
	info, err := in.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("inspect stream %s: %w", in.name, err)
	}
	if dropped := min(came, info.State.FirstSeq); in.fetched > 0 && dropped > in.fetched+1 {
		r.stats.missing.Add(dropped - in.fetched - 1)
		r.logger.ErrorContext(ctx, "events lost: the stream dropped them before they were read", "stream", in.name,
			"from", in.fetched+1, "to", dropped-1)
	}
	return nil
}

// next is the input whose head comes first, once every other stream was seen to have
// nothing earlier; nil where no stream has anything more.
func (r *Reader) next(ctx context.Context) (*input, error) {
	for {
		var first *input
		for _, in := range r.inputs {
			if len(in.waiting) == 0 && time.Since(in.asked) >= r.cfg.Poll {
				if _, err := r.fetch(ctx, in); err != nil {
					return nil, err
				}
			}
			if len(in.waiting) > 0 && (first == nil || in.waiting[0].Event.Time.Before(first.waiting[0].Event.Time)) {
				first = in
			}
		}
		if first == nil {
			return nil, nil
		}
		came, err := r.askOthers(ctx, first)
		if err != nil {
			return nil, err
		}
		if !came {
			return first, nil
		}
	}
}

// askOthers reads the streams that had nothing when they were read before the first
// event was, and reports whether there was anything.
func (r *Reader) askOthers(ctx context.Context, first *input) (bool, error) {
	came := false
	for _, in := range r.inputs {
		if len(in.waiting) > 0 || in.empty > first.read {
			continue
		}
		more, err := r.fetch(ctx, in)
		if err != nil {
			return false, err
		}
		came = came || more
	}
	return came, nil
}
