package manager_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cashtag/services/manager"
)

// The wall clock is looked at each second, so that what its timers slept through
// is noticed within one.
func TestWallNoticesAJump(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var jumped atomic.Int64
		clock := manager.Wall{Read: func() time.Time { return time.Now().Add(time.Duration(jumped.Load())) }}
		began := time.Now()
		if err := clock.Until(t.Context(), clock.Now().Add(2500*time.Millisecond)); err != nil || time.Since(began) != 2500*time.Millisecond {
			t.Errorf("got %v after %s, want nil after 2.5s", err, time.Since(began))
		}
		began = time.Now()
		time.AfterFunc(10500*time.Millisecond, func() { jumped.Store(int64(8 * time.Hour)) })
		if err := clock.Until(t.Context(), clock.Now().Add(time.Hour)); err != nil || time.Since(began) > 11500*time.Millisecond {
			t.Errorf("got %v after %s, want nil within a second of the jump", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		time.AfterFunc(time.Second, func() { jumped.Store(-int64(time.Hour)) })
		if err := clock.Until(ctx, clock.Now().Add(3*time.Second)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("set back: got %v, want that it waits for its time", err)
		}
	})
}

func TestWallIsUTCWithoutMonotonic(t *testing.T) {
	t.Parallel()
	now := manager.Wall{}.Now()
	if now.Location() != time.UTC || now != now.Round(0) {
		t.Errorf("got %#v, want UTC and no monotonic reading", now)
	}
}
