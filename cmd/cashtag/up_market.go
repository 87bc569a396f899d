//go:build !external

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"cashtag/embedded/alpacad"
	"cashtag/embedded/blueskyd"
	"cashtag/embedded/world"
	"cashtag/embedded/xd"
	"cashtag/schemas"
	"cashtag/services/bluesky"
	"cashtag/services/manager"
	"cashtag/services/replay"
	"cashtag/services/stocks"
	"cashtag/services/twitter"
	"cashtag/streams"
	"cashtag/streams/ingest"
)

// market are the stand-ins of those that posts and quotes come from.
type market struct {
	x       *xd.Server
	bluesky []*blueskyd.Server // instances that say the same
	alpaca  *alpacad.Server
	clock   *world.Clock
	ticks   map[int64]bool // the minutes at which the tape's clock ticks, in Unix seconds
	since   time.Time      // the first of what the manager states
	demo    bool
	tickers []string // every ticker of the tape, sorted
	token   string
	key     string
	secret  string
}

// newMarket reads through the tape once. No stand-in is started yet.
func newMarket(tape replay.Tape) (*market, error) {
	v := &market{ticks: map[int64]bool{}, token: rand.Text(), key: rand.Text(), secret: rand.Text()}
	if err := v.survey(tape); err != nil {
		return nil, err
	}
	v.clock = world.NewClock(v.since.Add(-time.Nanosecond))
	return v, nil
}

// vendorConfigs says how each of the stand-ins behaves.
type vendorConfigs struct {
	x       xd.Config
	bluesky []blueskyd.Config // one for each instance
	alpaca  alpacad.Config
}

// configs is how they behave for a tape that is played as it is.
func (v *market) configs(logger *slog.Logger) vendorConfigs {
	x := xd.DefaultConfig()
	x.Bearer, x.Now, x.SearchDelay, x.SearchWindow, x.Logger = v.token, v.clock.Now, 0, 0, logger
	sky := blueskyd.DefaultConfig()
	sky.Logger = logger
	alpaca := alpacad.DefaultConfig()
	alpaca.Key, alpaca.Secret, alpaca.Now, alpaca.Logger = v.key, v.secret, v.clock.Now, logger
	return vendorConfigs{x: x, bluesky: []blueskyd.Config{sky}, alpaca: alpaca}
}

// start starts all stand-ins or none.
func (v *market) start(ctx context.Context, all vendorConfigs) (err error) {
	defer func() {
		if err != nil {
			v.close()
		}
	}()
	if v.x, err = xd.Start(ctx, all.x); err != nil {
		return err
	}
	for _, cfg := range all.bluesky {
		sky, err := blueskyd.Start(ctx, cfg)
		if err != nil {
			return err
		}
		v.bluesky = append(v.bluesky, sky)
	}
	v.alpaca, err = alpacad.Start(ctx, all.alpaca)
	return err
}

// sky has every instance of Bluesky say the same.
func (v *market) sky(events ...schemas.Event) error {
	for _, sky := range v.bluesky {
		if err := sky.Publish(events...); err != nil {
			return err
		}
	}
	return nil
}

// skyListeners is how many listen to an instance of Bluesky.
func (v *market) skyListeners() int {
	n := 0
	for _, sky := range v.bluesky {
		n += sky.Subscribers()
	}
	return n
}

// survey finds out what a tape speaks of and when its clock ticks.
func (v *market) survey(tape replay.Tape) error {
	tickers := map[string]bool{}
	for event, err := range tape.Events() {
		if err != nil {
			return fmt.Errorf("read tape: %w", err)
		}
		v.demo = v.demo || schemas.IsDemo(event.Source)
		switch data := event.Data.(type) {
		case *schemas.Session:
			v.begin(event.Time)
		case *schemas.Clock:
			v.begin(event.Time)
			v.ticks[event.Time.Unix()] = true
		case *schemas.Tweet:
			for _, ticker := range data.Tickers {
				tickers[ticker] = true
			}
		case *schemas.Quote:
			tickers[data.Ticker] = true
		}
	}
	for ticker := range tickers {
		v.tickers = append(v.tickers, ticker)
	}
	slices.Sort(v.tickers)
	if len(v.tickers) == 0 {
		return errors.New("the tape names no ticker: there is nothing to play")
	}
	return nil
}

// begin has the manager's part of the tape begin at t, unless it began before.
func (v *market) begin(t time.Time) {
	if v.since.IsZero() {
		v.since = t
	}
}

// streamOf is the stream that keeps an event, "" for none.
func streamOf(event schemas.Event) string {
	subject, err := streams.Subject(event)
	if err != nil {
		return ""
	}
	return streams.StreamOf(subject)
}

func (v *market) close() {
	if v.x != nil {
		v.x.Close()
	}
	for _, sky := range v.bluesky {
		sky.Close()
	}
	if v.alpaca != nil {
		_ = v.alpaca.Close() // nothing of it is kept
	}
}

// ends points the sources at the stand-ins. A tape is played as it is: whole, in
// every language, and paid for by nobody.
func (v *market) ends() sourceEnds {
	x := twitter.DefaultConfig()
	x.BaseURL, x.Bearer, x.Source, x.Now = v.x.URL(), twitter.Token(v.token), schemas.SourceX, v.clock.Now
	x.Lang, x.Retweets, x.DailyReads, x.MonthlyReads, x.GapReads = "", true, 0, 0, 0
	sky := bluesky.DefaultConfig()
	sky.V2, sky.DictionaryV1 = nil, v.bluesky[0].DictionaryV1()
	for _, instance := range v.bluesky {
		sky.V2 = append(sky.V2, instance.URL())
	}
	sky.V1 = sky.V2
	sky.Source, sky.FromOldest, sky.Languages, sky.Silence = schemas.SourceBluesky, true, nil, worldSilence
	alpaca := stocks.DefaultConfig()
	alpaca.StreamURL, alpaca.DataURL, alpaca.TradingURL, alpaca.CboeURL = v.alpaca.StreamURL(), v.alpaca.URL(), v.alpaca.URL(), v.alpaca.URL()
	alpaca.Key, alpaca.Secret, alpaca.Source = v.key, v.secret, schemas.SourceIEX
	alpaca.Daily, alpaca.Now = false, v.clock.Now
	clocked := manager.DefaultConfig()
	clocked.MakeUp, clocked.Since, clocked.Ticks = true, v.since, func(minute time.Time) bool { return v.ticks[minute.Unix()] }
	if v.demo {
		x.Source, sky.Source, alpaca.Source, clocked.Source = schemas.SourceDemoX, schemas.SourceDemoBluesky, schemas.SourceDemoIEX, schemas.SourceDemoXNYS
	}
	return sourceEnds{
		twitter: &x, bluesky: &sky, stocks: &alpaca,
		manager: clocked, clock: v.clock, tickers: v.tickers, hours: ingest.HoursAlways,
	}
}

// worldSilence is longer than any tape says nothing at any speed.
const worldSilence = 24 * time.Hour

// worldPlayer lets the figures of a world be shown as those of a player.
type worldPlayer struct{ *world.Player }

// Progress is how far the world has come.
func (w worldPlayer) Progress() replay.Progress { return replay.Progress(w.Player.Progress()) }
