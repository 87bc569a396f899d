//go:build !external

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cashtag/embedded/world"
	"cashtag/schemas"
	"cashtag/services/replay"
	"cashtag/streams"
	"cashtag/streams/ingest"
)

// buildWorld makes the player that has the vendors say what the tape holds.
func (u *up) buildWorld(s *service, tape replay.Tape, all *sources) error {
	by := func(name string) *source {
		i := slices.IndexFunc(all.running, func(s *source) bool { return s.name == name })
		return all.running[i]
	}
	v := u.market
	x := &venue{source: by(streams.ServiceTwitter), publish: v.x.Publish, await: v.x.Await}
	sky := &venue{source: by(streams.ServiceBluesky), publish: v.sky, listeners: v.skyListeners}
	alpaca := &venue{
		source: by(streams.ServiceStocks), publish: v.alpaca.Publish, listeners: v.alpaca.Listeners,
		first: func(ctx context.Context) error { return v.alpaca.Subscribed(ctx, v.tickers...) },
	}
	direct := &directVenue{publisher: s.publisher, source: "tape:" + tape.Fingerprint(), client: s.client}
	place := worldPlace{path: u.dir.sub("world.json"), tape: tape.Fingerprint()}
	parts := world.Parts{
		Tape: tape, Clock: v.clock, Gate: u.guard, Logger: s.logger,
		Route: func(event schemas.Event) world.Venue {
			switch data := event.Data.(type) {
			case *schemas.Tweet:
				if data.Platform == schemas.PlatformBluesky {
					return sky
				}
				return x
			case *schemas.Symbol:
				return alpaca
			case *schemas.Quote:
				if data.Feed == schemas.FeedIEX {
					return alpaca
				}
			}
			return direct
		},
		Expect: func(event schemas.Event) bool { return expected(event, x.source.follow.List()) },
		Market: all.manager,
		Place:  place,
	}
	cfg := world.DefaultConfig()
	cfg.Speed = u.settings.speed
	player, err := world.New(parts, cfg)
	if err != nil {
		return err
	}
	u.hear.Store(player)
	u.player = worldPlayer{player}
	s.run = func(ctx context.Context) error {
		if err := direct.open(ctx); err != nil {
			return err
		}
		err := player.Run(ctx)
		if errors.Is(err, world.ErrPlace) {
			err = fmt.Errorf("%s: %w: take a new directory with --fresh", place.path, err)
		}
		return err
	}
	return nil
}

// expected reports whether a source stores an event that it is shown: of a followed
// ticker, and not one that the tape's player stores itself.
func expected(event schemas.Event, follow []string) bool {
	follows := func(ticker string) bool { return slices.Contains(follow, ticker) }
	switch data := event.Data.(type) {
	case *schemas.Tweet:
		return slices.ContainsFunc(data.Tickers, follows)
	case *schemas.Symbol:
		return follows(data.Ticker)
	case *schemas.Quote:
		return data.Feed == schemas.FeedIEX && follows(data.Ticker)
	default:
		return false
	}
}

// venue is the stand-in of one vendor together with the source that reads it.
type venue struct {
	source    *source
	publish   func(...schemas.Event) error
	await     func(context.Context) error // for a listener
	listeners func() int                  // or how many there are
	first     func(context.Context) error // what to wait for once; nil for nothing more
}

// Publish implements world.Venue.
func (v *venue) Publish(_ context.Context, events []schemas.Event) error { return v.publish(events...) }

// venuePoll is how often a venue looks for its listener.
const venuePoll = 5 * time.Millisecond

// Ready implements world.Venue.
func (v *venue) Ready(ctx context.Context) (bool, error) {
	poll := time.NewTicker(venuePoll)
	defer poll.Stop()
	for {
		switch v.source.runner.Stats().State {
		case ingest.StateOff, ingest.StateClosed, ingest.StateEnded:
			return false, nil
		}
		if v.listening(ctx) {
			return true, nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// listening reports whether the source hears what is said now.
func (v *venue) listening(ctx context.Context) bool {
	if v.await != nil {
		bounded, cancel := context.WithTimeout(ctx, venuePoll)
		defer cancel()
		return v.await(bounded) == nil
	}
	if v.listeners() == 0 {
		return false
	}
	if v.first == nil {
		return true
	}
	bounded, cancel := context.WithTimeout(ctx, venuePoll)
	defer cancel()
	if v.first(bounded) != nil {
		return false
	}
	v.first = nil
	return true
}

// directRun stands before the count in a directVenue's places: as replay writes
// them, of the first run, since a world plays a tape once.
const directRun = "1/"

// directVenue stores what no vendor says in that form, such as the daily bars of a
// recorded tape.
type directVenue struct {
	publisher *streams.Publisher
	client    *streams.Client
	source    string
	stored    map[string]uint64
	passed    map[string]uint64
}

// open finds out what of the tape the streams hold.
func (d *directVenue) open(ctx context.Context) error {
	d.stored, d.passed = map[string]uint64{}, map[string]uint64{}
	for _, stream := range []string{streams.Tweets, streams.Quotes} {
		place, err := streams.LastPlace(ctx, d.client, stream, d.source)
		if err != nil {
			return err
		}
		if place == "" {
			continue
		}
		if stream == streams.Tweets {
			return errors.New("this data was played into the streams directly, with --again or --only: go on like that, or take a new directory with --fresh")
		}
		count, ok := strings.CutPrefix(place, directRun)
		if !ok {
			return fmt.Errorf("place %q of %s: it does not begin with %q", place, d.source, directRun)
		}
		d.stored[stream], err = strconv.ParseUint(count, 10, 64)
		if err != nil {
			return fmt.Errorf("place %q of %s: %w", place, d.source, err)
		}
	}
	return nil
}

// Pass implements world.Passer.
func (d *directVenue) Pass(event schemas.Event) { d.passed[streamOf(event)]++ }

// Publish implements world.Venue.
func (d *directVenue) Publish(ctx context.Context, events []schemas.Event) error {
	var placed []streams.Placed
	for _, event := range events {
		stream := streamOf(event)
		d.passed[stream]++
		if n := d.passed[stream]; n > d.stored[stream] {
			placed = append(placed, streams.Placed{Event: event, Place: directRun + strconv.FormatUint(n, 10)})
		}
	}
	return d.publisher.PublishPlaced(ctx, d.source, placed...)
}

// Ready implements world.Venue.
func (*directVenue) Ready(context.Context) (bool, error) { return true, nil }
