package world_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cashtag/embedded/world"
)

var day = tape{tick(0), post(1, 10), post(2, 20), tick(1), post(3, 70), tick(2), tick(3), post(4, 190)}

// TestOrder hands out what lies between two ticks while the clock stands at the
// first of them. Ticks that nothing lies between pass at once.
func TestOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, day, nil)
	r.run()
	r.told("tick 16:00:00", "x:1 at 16:00:00", "x:2 at 16:00:00", "tick 16:01:00", "x:3 at 16:01:00", "tick 16:03:00", "x:4 at 16:03:00")
	if at := r.player.Progress(); at.Played != 8 || at.Skipped != 0 || !at.Done || !at.At.Equal(day[7].Time) {
		t.Errorf("got %+v, want 8 played to the end", at)
	}
	if want := []uint64{1, 4, 7, 8}; !slices.Equal(r.stored, want) {
		t.Errorf("got places %d, want %d", r.stored, want)
	}
}

// TestStoredIsNotPlayedAgain begins behind its place, by a clock that stands there
// already.
func TestStoredIsNotPlayedAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		place uint64
		want  []string
	}{
		"nothing stored": {0, []string{"tick 16:00:00", "x:1 at 16:00:00", "x:2 at 16:00:00", "tick 16:01:00", "x:3 at 16:01:00", "tick 16:03:00", "x:4 at 16:03:00"}},
		"between ticks":  {2, []string{"x:1 passed", "x:2 at 16:00:00", "tick 16:01:00", "x:3 at 16:01:00", "tick 16:03:00", "x:4 at 16:03:00"}},
		"at a tick":      {6, []string{"x:1 passed", "x:2 passed", "x:3 passed", "tick 16:03:00", "x:4 at 16:03:00"}},
		"all stored":     {8, []string{"x:1 passed", "x:2 passed", "x:3 passed", "x:4 passed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, day, nil)
			r.place = test.place
			r.run()
			r.told(test.want...)
			if at := r.player.Progress(); at.Skipped != test.place || at.Played != 8-test.place || !at.Done {
				t.Errorf("got %+v, want %d skipped and the rest played", at, test.place)
			}
			if r.place != 8 {
				t.Errorf("got place %d, want 8", r.place)
			}
		})
	}
}

// TestClockNeverGoesBack plays a day from the start in a world that has come further.
func TestClockNeverGoesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, day, nil)
	r.run()
	r.told("tick 16:00:00", "x:1 at 16:00:00", "x:2 at 16:00:00", "tick 16:01:00", "x:3 at 16:01:00", "tick 16:03:00", "x:4 at 16:03:00")
	r.place = 0
	r.play(day, nil)
	r.run()
	r.told("tick 16:00:00", "x:1 at 16:03:00", "x:2 at 16:03:00", "tick 16:01:00", "x:3 at 16:03:00", "tick 16:03:00", "x:4 at 16:03:00")
}

func TestPlaceOfAnotherTape(t *testing.T) {
	t.Parallel()
	r := newRig(t, day, nil)
	r.place = 9
	err := r.player.Run(t.Context())
	if !errors.Is(err, world.ErrPlace) || !strings.Contains(err.Error(), "9 events of it are said to be stored, and it has 8") {
		t.Errorf("got %v, want %v and both numbers", err, world.ErrPlace)
	}
	if r.place != 9 || r.player.Progress().Done {
		t.Errorf("got place %d and %+v, want nothing changed", r.place, r.player.Progress())
	}
}

// TestClockWaits lets no time pass, and no place be taken, before all is stored.
func TestClockWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, day, nil)
		r.stores = false
		ended := make(chan error, 1)
		go func() { ended <- r.player.Run(t.Context()) }()
		synctest.Wait()
		r.told("tick 16:00:00", "x:1 at 16:00:00", "x:2 at 16:00:00")
		r.player.Settled(r.waiting[:1])
		synctest.Wait()
		r.told()
		if r.place != 1 {
			t.Errorf("got place %d, want it at the tick", r.place)
		}
		r.stores = true
		r.player.Settled(r.waiting[1:])
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		r.told("tick 16:01:00", "x:3 at 16:01:00", "tick 16:03:00", "x:4 at 16:03:00")
	})
}

// TestStall goes on without an event that is not stored, and takes no place past it.
func TestStall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, day, func(c *world.Config) { c.Stall = time.Minute })
		r.stores = false
		began := time.Now()
		r.run()
		if got := time.Since(began); got != 3*time.Minute {
			t.Errorf("waited %s, want a minute for each of three stretches", got)
		}
		if r.place != 1 || strings.Count(r.log.String(), "goes on without events being stored") != 3 {
			t.Errorf("got place %d and log\n%s\nwant 1, and said three times", r.place, r.log.String())
		}
	})
}

// TestNobodyListens waits for nobody who is not there, and takes no place past what
// nobody stored.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, day, nil)
		r.ready, r.stores = false, false
		began := time.Now()
		r.run()
		if got := time.Since(began); got != 0 || r.place != 1 {
			t.Errorf("took %s to place %d, want no time to 1", got, r.place)
		}
	})
}

// TestSpeed spreads the day over the time that it is to take.
func TestSpeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, day, func(c *world.Config) { c.Speed = 10 })
		began := time.Now()
		r.run()
		if got := time.Since(began); got != 19*time.Second {
			t.Errorf("took %s, want 190 s in 19", got)
		}
	})
}

func TestGatePauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, day, nil)
		r.gate.turn(false)
		ended := make(chan error, 1)
		go func() { ended <- r.player.Run(t.Context()) }()
		synctest.Wait()
		r.told()
		r.gate.turn(true)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if at := r.player.Progress(); at.Played != 8 {
			t.Errorf("got %d played, want 8", at.Played)
		}
	})
}

// TestEnd returns nil, in the middle of the day, when it is asked to end.
func TestEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, day, nil)
		r.stores = false
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.player.Run(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil || r.player.Progress().Done {
			t.Errorf("got %v and %+v, want nil before the end", err, r.player.Progress())
		}
	})
}

func TestUntil(t *testing.T) {
	t.Parallel()
	r := newRig(t, day, nil)
	shown := make(chan error, 1)
	go func() { shown <- r.clock.Until(t.Context(), noon.Add(time.Minute)) }()
	r.run()
	if err := <-shown; err != nil {
		t.Errorf("got %v, want nil once the clock shows it", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("over")
	cancel(cause)
	if err := r.clock.Until(ctx, noon.Add(time.Hour)); !errors.Is(err, cause) {
		t.Errorf("got %v, want the cause of the end", err)
	}
}

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*world.Config){
		"speed is -1":       func(c *world.Config) { c.Speed = -1 },
		"stall is 0s":       func(c *world.Config) { c.Stall = 0 },
		"place every is -1": func(c *world.Config) { c.PlaceEvery = -1 },
	} {
		cfg := world.DefaultConfig()
		change(&cfg)
		if _, err := world.New(world.Parts{}, cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
