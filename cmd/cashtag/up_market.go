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
	bluesky *blueskyd.Server
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

// startMarket reads through the tape once and starts the stand-ins.
func startMarket(ctx context.Context, tape replay.Tape, logger *slog.Logger) (*market, error) {
	v := &market{ticks: map[int64]bool{}, token: rand.Text(), key: rand.Text(), secret: rand.Text()}
	if err := v.survey(tape); err != nil {
		return nil, err
	}
	v.clock = world.NewClock(v.since.Add(-time.Nanosecond))
	x := xd.DefaultConfig()
	x.Bearer, x.Now, x.SearchDelay, x.SearchWindow, x.Logger = v.token, v.clock.Now, 0, 0, logger
	sky := blueskyd.DefaultConfig()
	sky.Logger = logger
	alpaca := alpacad.DefaultConfig()
	alpaca.Key, alpaca.Secret, alpaca.Now, alpaca.Logger = v.key, v.secret, v.clock.Now, logger
	var err error
	if v.x, err = xd.Start(ctx, x); err == nil {
		if v.bluesky, err = blueskyd.Start(ctx, sky); err == nil {
			v.alpaca, err = alpacad.Start(ctx, alpaca)
		}
	}
	if err != nil {
		v.close()
		return nil, err
	}
	return v, nil
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
	if v.bluesky != nil {
		v.bluesky.Close()
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
	sky.V2, sky.V1, sky.DictionaryV1 = []string{v.bluesky.URL()}, []string{v.bluesky.URL()}, v.bluesky.DictionaryV1()
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
