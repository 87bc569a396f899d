package world

import (
	"fmt"
	"time"
)

// place stores that the first events of the tape are stored, where that is due: not
// before all that was handed out is. Nothing may be in hand.
func (r *run) place(events uint64, now bool) error {
	if events == r.placed || !now && time.Since(r.placedAt) < r.cfg.PlaceEvery {
		return nil
	}
	r.mu.Lock()
	left := len(r.outstanding)
	r.mu.Unlock()
	if left > 0 {
		return nil
	}
	if err := r.parts.Place.Store(events); err != nil {
		return fmt.Errorf("world: %w", err)
	}
	r.placed, r.placedAt = events, time.Now()
	return nil
}
