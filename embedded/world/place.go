package world

import (
	"fmt"
	"time"
)

// place stores how far the tape is stored, where that is due: not before all that
// was handed out is stored. Nothing may be in hand.
func (r *run) place(now bool) error {
	if r.count == r.placed || !now && time.Since(r.placedAt) < r.cfg.PlaceEvery {
		return nil
	}
	r.mu.Lock()
	left := len(r.outstanding)
	r.mu.Unlock()
	if left > 0 {
		return nil
	}
	if err := r.parts.Place.Store(r.count); err != nil {
		return fmt.Errorf("world: %w", err)
	}
	r.placed, r.placedAt = r.count, time.Now()
	return nil
}
