package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cashtag/schemas"
	"cashtag/streams"

	"github.com/cenkalti/backoff/v5"
)

// maxStep bounds what is published at once.
const maxStep = 1000

// settle stores what of events is new, moves the cursor to next, and returns an
// error when the source cannot go on. When ctx ends first, the cursor stays.
func (r *Runner) settle(ctx context.Context, events []schemas.Event, next string) error {
	if next != r.cursor {
		if err := (streams.Place{Source: r.cfg.Name, Value: next}).Validate(); err != nil {
			return Fatal(fmt.Errorf("cursor after %d events: %w", len(events), err))
		}
	}
	pause := r.pauses()
	pending, err := r.sift(ctx, pause, events)
	if err == nil && len(pending) > 0 {
		r.arrived(ctx, pending[0].Time, events[len(events)-1].Time)
		err = r.store(ctx, pause, pending, next)
	}
	switch {
	case IsFatal(err):
		return err
	case err != nil:
		r.logger.WarnContext(ctx, "events in hand are left to the next start", "events", len(events), "error", err)
		return nil
	}
	r.cursor = next
	if r.cfg.Settled != nil && len(events) > 0 {
		r.cfg.Settled(events)
	}
	return nil
}

// pending is an event that is to be stored.
type pending struct {
	schemas.Event

	stream string // "" where none takes it
	origin string // the id as the source has it
}

// sift drops what the streams hold and lets Config.Amend have its say. What feeds
// the stream that keeps the place comes last: the place says that all is stored.
func (r *Runner) sift(ctx context.Context, pause *backoff.ExponentialBackOff, events []schemas.Event) ([]pending, error) {
	var first, last []pending
	place := streams.StreamOf(r.cfg.Subjects[0])
	here := make(map[string]struct{}, len(events))
	for _, event := range events {
		origin := event.ID
		if _, again := here[origin]; again || r.recent.Has(origin) {
			r.count(event, Duplicate)
			continue
		}
		here[origin] = struct{}{}
		event, keep, err := r.amend(ctx, pause, event)
		if err != nil {
			return nil, err
		}
		switch {
		case !keep:
			r.count(event, Filtered)
			continue
		case r.recent.Has(event.ID):
			r.count(event, Duplicate)
			continue
		}
		p := pending{Event: event, origin: origin}
		if subject, err := streams.Subject(event); err == nil {
			p.stream = streams.StreamOf(subject)
		}
		if p.stream == place {
			last = append(last, p)
		} else {
			first = append(first, p)
		}
	}
	slices.SortStableFunc(first, func(a, b pending) int { return strings.Compare(a.stream, b.stream) })
	return append(first, last...), nil
}

// amend asks Config.Amend, as often as it takes.
func (r *Runner) amend(ctx context.Context, pause *backoff.ExponentialBackOff, event schemas.Event) (schemas.Event, bool, error) {
	if r.cfg.Amend == nil {
		return event, true, nil
	}
	for {
		amended, keep, err := r.cfg.Amend(ctx, event)
		if err == nil && !keep {
			return event, false, nil
		}
		if err == nil {
			return amended, true, nil
		}
		if err = r.again(ctx, pause, fmt.Errorf("amend event %s: %w", event.ID, err)); err != nil {
			return event, false, err
		}
	}
}

// store publishes what is pending, in steps that are each stored or not.
func (r *Runner) store(ctx context.Context, pause *backoff.ExponentialBackOff, all []pending, next string) error {
	for len(all) > 0 {
		step := stepOf(all, r.cursor == "")
		err := r.publish(ctx, step, next, len(step) == len(all))
		if err == nil {
			for _, p := range step {
				r.recent.Add(p.ID, struct{}{})
				r.recent.Add(p.origin, struct{}{})
				r.count(p.Event, Accepted)
			}
			all = all[len(step):]
			continue
		}
		good := slices.DeleteFunc(slices.Clone(step), func(p pending) bool { return r.broken(ctx, p) })
		if len(good) < len(step) {
			all = append(good, all[len(step):]...)
			continue
		}
		if err := r.again(ctx, pause, err); err != nil {
			return err
		}
	}
	return nil
}

// stepOf is what of all is published next: of one stream, as many as one batch
// holds. Where there is no place yet but that after the last event, the last one
// goes alone.
func stepOf(all []pending, placeless bool) []pending {
	n := 1
	for n < len(all) && n < maxStep && all[n].stream == all[0].stream {
		n++
	}
	if placeless && n == len(all) && n > 1 {
		n--
	}
	return all[:n]
}

// publish stores one step. The place of an event is where the source would go on
// from should it be the last one stored: that is before its batch, unless it is
// the last of it.
func (r *Runner) publish(ctx context.Context, step []pending, next string, final bool) error {
	if r.cursor == "" && !final {
		events := make([]schemas.Event, len(step))
		for i, p := range step {
			events[i] = p.Event
		}
		return r.publisher.Publish(ctx, events...)
	}
	placed := make([]streams.Placed, len(step))
	for i, p := range step {
		placed[i] = streams.Placed{Event: p.Event, Place: r.cursor}
	}
	if final {
		placed[len(placed)-1].Place = next
	}
	return r.publisher.PublishPlaced(ctx, r.cfg.Name, placed...)
}

// broken drops an event that no stream would ever take.
func (r *Runner) broken(ctx context.Context, p pending) bool {
	err := p.Validate()
	if err == nil && p.stream == "" {
		_, err = streams.Subject(p.Event)
	}
	if err == nil {
		err = fits(p.Event)
	}
	if err == nil {
		return false
	}
	r.count(p.Event, Malformed)
	r.malformed.Do(func() {
		r.logger.WarnContext(ctx, "event of the source is dropped", "id", p.ID, "error", err, "dropped_so_far", r.Stats().Malformed)
	})
	return true
}

func fits(event schemas.Event) error {
	data, err := event.Encode()
	if err == nil && len(data) > schemas.MaxEventBytes {
		err = fmt.Errorf("event is %d bytes: must be at most %d", len(data), schemas.MaxEventBytes)
	}
	return err
}

// again waits before the next attempt to store, and returns err where there is to
// be none.
func (r *Runner) again(ctx context.Context, pause *backoff.ExponentialBackOff, err error) error {
	switch {
	case IsFatal(err) || ctx.Err() != nil:
		return err
	case r.client.Conn.IsClosed(): // for good
		return Fatal(err)
	}
	wait := pause.NextBackOff()
	r.stats.enter(StateRetrying, err)
	r.stuck.Do(func() {
		r.logger.WarnContext(ctx, "events in hand cannot be stored yet", "error", err, "again_in", wait)
	})
	if !r.rest(ctx, wait) {
		return err
	}
	return nil
}

// rest waits between attempts to store. The end of Run ends one wait early and
// shortens the others.
func (r *Runner) rest(ctx context.Context, wait time.Duration) bool {
	select {
	case <-r.ending:
		return sleep(ctx, min(wait, time.Second))
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.ending:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

func (r *Runner) count(event schemas.Event, outcome Outcome) {
	r.stats.count(outcome, 1)
	if outcome == Accepted || outcome == Duplicate {
		r.cfg.Tally.Count(event.Subject, outcome, 1)
	}
}
