package world_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/world"
	"cashtag/schemas"
)

var noon = time.Date(2026, time.March, 18, 16, 0, 0, 0, time.UTC)

// tick is one of the market's clock, minutes after noon.
func tick(minutes int) schemas.Event {
	at := noon.Add(time.Duration(minutes) * time.Minute)
	return schemas.New(schemas.ClockID(schemas.MICXNYS, true, at), schemas.SourceXNYS, schemas.MICXNYS, at, &schemas.Clock{MIC: schemas.MICXNYS, Open: true})
}

// post is the nth, seconds after noon.
func post(n, seconds int) schemas.Event {
	at := noon.Add(time.Duration(seconds) * time.Second)
	tweet := &schemas.Tweet{Platform: schemas.PlatformX, PostID: strconv.Itoa(n), CreatedAt: at, Tickers: []string{"AAPL"}}
	return schemas.New(schemas.TweetID(tweet.Platform, tweet.PostID), schemas.SourceX, "AAPL", at, tweet)
}

type tape []schemas.Event

// Events implements world.Tape.
func (t tape) Events() iter.Seq2[schemas.Event, error] {
	return func(yield func(schemas.Event, error) bool) {
		for _, event := range t {
			if !yield(event, nil) {
				return
			}
		}
	}
}

// rig is everything around a player. It writes down what happens in words.
type rig struct {
	t      *testing.T
	clock  *world.Clock
	player *world.Player
	ready  bool // whether who stores the events is there
	stores bool // whether what is handed out is stored at once
	log    strings.Builder
	gate   gate

	mu      sync.Mutex
	story   []string
	place   uint64
	stored  []uint64
	waiting []schemas.Event
}

func newRig(t *testing.T, events tape, change func(*world.Config)) *rig {
	t.Helper()
	r := &rig{t: t, clock: world.NewClock(noon.Add(-time.Nanosecond)), ready: true, stores: true, gate: gate{on: true, changed: make(chan struct{})}}
	r.play(events, change)
	return r
}

// play makes another player, of what may be another tape.
func (r *rig) play(events tape, change func(*world.Config)) {
	r.t.Helper()
	cfg := world.DefaultConfig()
	cfg.PlaceEvery = 0
	if change != nil {
		change(&cfg)
	}
	player, err := world.New(world.Parts{
		Tape: events, Clock: r.clock, Market: r, Place: r, Gate: &r.gate, Logger: slog.New(slog.NewTextHandler(&r.log, nil)),
		Route:  func(schemas.Event) world.Venue { return r },
		Expect: func(schemas.Event) bool { return true },
	}, cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	r.player = player
}

func (r *rig) run() {
	r.t.Helper()
	if err := r.player.Run(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.story = append(r.story, fmt.Sprintf(format, args...))
}

// told fails unless the story is this one, and forgets it.
func (r *rig) told(want ...string) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := strings.Join(r.story, ", "); got != strings.Join(want, ", ") {
		r.t.Errorf("got %s\nwant %s", got, strings.Join(want, ", "))
	}
	r.story = nil
}

// Publish implements world.Venue.
func (r *rig) Publish(_ context.Context, events []schemas.Event) error {
	for _, event := range events {
		r.note("%s at %s", event.ID, r.clock.Now().Format("15:04:05"))
	}
	if r.stores {
		r.player.Settled(events)
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(r.waiting, events...)
	return nil
}

// Ready implements world.Venue.
func (r *rig) Ready(context.Context) (bool, error) { return r.ready, nil }

// Pass implements world.Passer.
func (r *rig) Pass(event schemas.Event) { r.note("%s passed", event.ID) }

// Caught implements world.Market.
func (r *rig) Caught(_ context.Context, t time.Time) error {
	if now := r.clock.Now(); now.Before(t) {
		r.t.Errorf("the market is to say %s at %s", t, now)
	}
	r.note("tick %s", t.Format("15:04:05"))
	return nil
}

// Load implements world.Place.
func (r *rig) Load() (uint64, error) { return r.place, nil }

// Store implements world.Place.
func (r *rig) Store(events uint64) error {
	r.place = events
	r.stored = append(r.stored, events)
	return nil
}

type gate struct {
	mu      sync.Mutex
	on      bool
	changed chan struct{}
}

// On implements world.Gate.
func (g *gate) On() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.on
}

// Changed implements world.Gate.
func (g *gate) Changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed
}

func (g *gate) turn(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.on = on
	close(g.changed)
	g.changed = make(chan struct{})
}
