package world

import (
	"context"
	"fmt"
	"time"

	"cashtag/schemas"
)

// run is one playing of the tape.
type run struct {
	*Player
	count    uint64 // events of the tape so far
	placed   uint64 // the place that was stored last
	placedAt time.Time
	at       time.Time

	hand  []schemas.Event // for venue, not handed out yet
	venue Venue

	held int       // ticks that passed and the clock did not show yet
	due  time.Time // of the last of them

	began, beganAt time.Time // of the pace: wall clock and event time
}

// maxHeld bounds the ticks that pass at once.
const maxHeld = 400

// Passer is a Venue that wants to know of its events that were stored before.
type Passer interface {
	Pass(event schemas.Event)
}

// isTime reports whether an event moves the clock.
func isTime(event schemas.Event) bool {
	switch event.Data.(type) {
	case *schemas.Clock, *schemas.Session:
		return true
	default:
		return false
	}
}

// pass goes by an event that was stored before.
func (r *run) pass(event schemas.Event) {
	r.mu.Lock()
	r.progress.Skipped++
	r.mu.Unlock()
	if isTime(event) {
		r.parts.Clock.set(event.Time)
		return
	}
	if venue, ok := r.parts.Route(event).(Passer); ok {
		venue.Pass(event)
	}
}

func (r *run) play(ctx context.Context, event schemas.Event) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.pace(ctx, event.Time); err != nil {
		return err
	}
	if isTime(event) {
		return r.move(ctx, event)
	}
	if err := r.tick(ctx, r.count-1); err != nil {
		return err
	}
	venue := r.parts.Route(event)
	if venue == nil {
		return nil
	}
	if venue != r.venue || len(r.hand) == maxHand {
		if err := r.give(ctx); err != nil {
			return err
		}
		r.venue = venue
	}
	r.hand = append(r.hand, event)
	return nil
}

// move lets time pass up to event. As fast as it goes, ticks that nothing lies
// between pass at once.
func (r *run) move(ctx context.Context, event schemas.Event) error {
	if err := r.settle(ctx); err != nil {
		return err
	}
	_, tick := event.Data.(*schemas.Clock)
	if !tick {
		if err := r.tick(ctx, r.count-1); err != nil {
			return err
		}
	}
	r.held++
	r.due = event.Time
	r.played(1, event.Time)
	if tick && r.cfg.Speed == 0 && r.held < maxHeld {
		return nil
	}
	return r.tick(ctx, r.count)
}

// tick moves the clock to where time has passed to, with the first events of the
// tape behind it.
func (r *run) tick(ctx context.Context, events uint64) error {
	if r.held == 0 {
		return nil
	}
	r.held = 0
	r.parts.Clock.set(r.due)
	if err := r.parts.Market.Caught(ctx, r.due); err != nil {
		return err
	}
	return r.place(events, false)
}

// open waits while the gate is off.
func (r *run) open(ctx context.Context) error {
	for {
		changed := r.parts.Gate.Changed()
		if r.parts.Gate.On() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// pace waits until at is due, and hands out what came before it first.
func (r *run) pace(ctx context.Context, at time.Time) error {
	if r.cfg.Speed == 0 || !at.After(r.at) {
		return nil
	}
	r.at = at
	if r.began.IsZero() {
		r.began, r.beganAt = time.Now(), at
	}
	due := r.began.Add(time.Duration(float64(at.Sub(r.beganAt)) / r.cfg.Speed))
	wait := time.Until(due)
	if wait <= 0 {
		return nil
	}
	if err := r.give(ctx); err != nil {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// give hands out what is in hand.
func (r *run) give(ctx context.Context) error {
	if len(r.hand) == 0 {
		return nil
	}
	hand := r.hand
	r.hand = nil
	ready, err := r.ready(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	for _, event := range hand {
		if !r.parts.Expect(event) {
			continue
		}
		r.outstanding[event.ID] = ready
		if ready {
			r.waited++
		}
	}
	r.mu.Unlock()
	if err := r.venue.Publish(ctx, hand); err != nil {
		return fmt.Errorf("world: hand out %d events from %s on: %w", len(hand), hand[0].ID, err)
	}
	r.played(len(hand), hand[len(hand)-1].Time)
	return nil
}

// ready waits for the venue no longer than for an event.
func (r *run) ready(ctx context.Context) (bool, error) {
	bounded, cancel := context.WithTimeout(ctx, r.cfg.Stall)
	defer cancel()
	ready, err := r.venue.Ready(bounded)
	switch {
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	case bounded.Err() != nil:
		r.parts.Logger.WarnContext(ctx, "nobody takes what the world says: it goes on", "waited", r.cfg.Stall)
		return false, nil
	case err != nil:
		return false, fmt.Errorf("world: %w", err)
	}
	return ready, nil
}

// settle hands out what is in hand and waits until all is stored.
func (r *run) settle(ctx context.Context) error {
	if err := r.give(ctx); err != nil {
		return err
	}
	stall := time.NewTimer(r.cfg.Stall)
	defer stall.Stop()
	for {
		r.mu.Lock()
		left, moved := r.waited, r.moved
		r.mu.Unlock()
		if left == 0 {
			return nil
		}
		select {
		case <-moved:
			stall.Reset(r.cfg.Stall)
		case <-stall.C:
			r.parts.Logger.WarnContext(ctx, "the world goes on without events being stored", "events", left, "waited", r.cfg.Stall)
			r.mu.Lock()
			for id := range r.outstanding {
				r.outstanding[id] = false
			}
			r.waited = 0
			r.mu.Unlock()
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (r *run) played(events int, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress.Played += uint64(events)
	r.progress.At = at
}
