//go:build !external

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"cashtag/internal/calendar"
	"cashtag/services/api"
	"cashtag/services/replay"
	"cashtag/streams/ingest"

	"github.com/dustin/go-humanize"
)

// refresh is how often a terminal's table is drawn again, and logPeriod how often
// a log says how far things are.
const (
	refresh   = time.Second
	logPeriod = 10 * time.Second
)

// play runs everything until it is interrupted or, with --drain, all is stored.
func (u *up) play(ctx context.Context) error {
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := u.platform.serveHTTP(running, "127.0.0.1:"+strconv.Itoa(u.command.HTTPPort)); err != nil {
		return err
	}
	u.announce(ctx)
	u.platform.start(running)
	u.platform.working.Go(func() { u.guard.watch(running, u.platform.logger) })
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		u.watch(running)
	}()
	err := u.untilDone(ctx)
	u.interrupted = ctx.Err() != nil
	ended := u.platform.end(ctx, cancel, u.platform.logger)
	<-watching
	return errors.Join(u.finish(context.WithoutCancel(ctx), err), ended)
}

// untilDone waits for the interrupt or for the end of the drain.
func (u *up) untilDone(ctx context.Context) error {
	if !u.command.Drain {
		select {
		case <-ctx.Done():
			return nil
		case <-u.atEnd(ctx):
			u.sayNothingNew(ctx)
		}
		<-ctx.Done()
		return nil
	}
	select {
	case <-ctx.Done():
		return nil
	case <-u.atEnd(ctx):
	}
	if err := u.platform.failed(); err != nil {
		return err
	}
	if !u.guard.On() {
		return fmt.Errorf("the disk cap of %s is reached before the tape's end: raise it with --max-disk", u.command.MaxDisk)
	}
	u.sayNothingNew(ctx)
	if err := u.platform.drain(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// atEnd is closed when the player is done, or cannot go on.
func (u *up) atEnd(ctx context.Context) <-chan struct{} {
	end := make(chan struct{})
	go func() {
		defer close(end)
		ticker := time.NewTicker(drainPoll)
		defer ticker.Stop()
		for u.player != nil && !u.player.Progress().Done {
			if u.command.Drain && (!u.guard.On() || u.platform.failed() != nil) {
				return
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return end
}

// sayNothingNew tells the user of a tape that was played before.
func (u *up) sayNothingNew(ctx context.Context) {
	if u.player == nil {
		return
	}
	if at := u.player.Progress(); at.Done && at.Played == 0 {
		u.platform.logger.InfoContext(ctx, "nothing new: all of this tape is stored here already; --again plays it once more, --fresh starts a new data directory",
			"data", u.dir.path, "events", at.Skipped)
	}
}

// announce says once what runs and where.
func (u *up) announce(ctx context.Context) {
	u.screen.note(u.title)
	for _, missing := range u.settings.live.missing {
		u.screen.note("Cashtag: " + missing)
	}
	for _, endpoint := range u.endpoints {
		u.platform.logger.InfoContext(ctx, "listening", "name", endpoint.Name, "address", endpoint.Address)
	}
}

// watch keeps the table, or the log, up to date.
func (u *up) watch(ctx context.Context) {
	period := logPeriod
	if u.screen.live {
		period = refresh
	}
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	var before figures
	at, said, waited := time.Now(), false, false
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if err := u.world.ended(); err != nil && !said {
			said = true
			u.platform.logger.ErrorContext(ctx, "stand-in ended, its sink keeps trying: start again to have it back", "error", err)
		}
		if waits := u.sourcesWait(); waits != waited {
			waited = waits
			u.sayOpening(ctx, waits)
		}
		all, err := u.platform.gather(ctx)
		if err != nil {
			continue // the server ends, or answers late: the next picture shows it
		}
		if u.screen.live {
			u.screen.draw(u.view(all, rates(before, all, time.Since(at))))
		} else {
			u.logProgress(ctx, all)
		}
		before, at = all, time.Now()
	}
}

// rates is how many events a second each stream took.
func rates(before, now figures, passed time.Duration) map[string]float64 {
	rates := make(map[string]float64, len(now.Streams))
	for name, stream := range now.Streams {
		if was, ok := before.Streams[name]; ok {
			rates[name] = float64(stream.last-was.last) / passed.Seconds()
		}
	}
	return rates
}

func (u *up) logProgress(ctx context.Context, all figures) {
	var stored, pending uint64
	for _, consumer := range all.Consumers {
		stored += consumer.Stored
		pending += consumer.Pending
	}
	attributes := []any{"stored", stored, "pending", pending, "disk", humanize.IBytes(uint64(u.guard.used.Load()))}
	if u.player != nil {
		attributes = append(attributes, "played", u.player.Progress().Played, "event_time", u.player.Progress().At)
	}
	if u.settings.producer == producerLive {
		for _, source := range u.platform.sources() {
			attributes = append(attributes, source.Name, source.State)
		}
	}
	u.platform.logger.InfoContext(ctx, "progress", attributes...)
}

// sourcesWait reports whether every live source waits for its hours.
func (u *up) sourcesWait() bool {
	all := u.platform.sources()
	open := func(source api.Source) bool { return source.State != ingest.StateClosed }
	return u.settings.producer == producerLive && len(all) > 0 && !slices.ContainsFunc(all, open)
}

// sayOpening tells the user of live sources why nothing comes.
func (u *up) sayOpening(ctx context.Context, waits bool) {
	next, known := calendar.XNYS().Next(time.Now())
	if !waits || !known {
		return
	}
	u.platform.logger.InfoContext(ctx, "the sources wait for the market; `nats kv put config hours always` has them read at any hour",
		"next_session", next.Open)
}

// view is the table's picture of the figures.
func (u *up) view(all figures, rates map[string]float64) view {
	v := view{
		title:   u.title,
		figures: all,
		rates:   rates,
		disk:    fmt.Sprintf("disk  %s of %s in %s", humanize.IBytes(uint64(u.guard.used.Load())), u.command.MaxDisk, u.dir.path),
		log:     u.screen.recent(),
		sources: u.platform.sources(),

		endpoints: u.endpoints,
	}
	if u.player != nil {
		v.progress = describeProgress(u.player.Progress(), u.command.Speed)
	}
	for _, reader := range u.platform.readers() {
		row := viewRow{key: reader.consumer.Key(), flag: "on", stats: reader.activity()}
		row.state = row.stats.State
		if u.platform.paused(reader.consumer.Owner()) {
			row.flag = "off"
		}
		if u.platform.endedService(reader.consumer.Owner()) {
			row.state = stateEnded
		}
		v.rows = append(v.rows, row)
	}
	return v
}

func describeProgress(at replay.Progress, speed string) string {
	switch {
	case at.Done && at.Played == 0:
		return "nothing new: played here before (--again plays it once more, --fresh starts over)"
	case at.Done:
		return fmt.Sprintf("at its end: %s events played", humanize.Comma(int64(at.Played)))
	case at.At.IsZero():
		return "starting"
	}
	return fmt.Sprintf("event time %s, %s events played, speed %s",
		at.At.Format("2006-01-02 15:04:05 MST"), humanize.Comma(int64(at.Played)), speed)
}

// finish prints the last figures and decides about the exit code.
func (u *up) finish(ctx context.Context, failure error) error {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	all, err := u.platform.gather(ctx)
	if err != nil {
		return errors.Join(failure, err)
	}
	if err := u.report(all); err != nil {
		return errors.Join(failure, err)
	}
	lost := all.lost(u.platform.paused)
	switch {
	case failure != nil:
		return failure
	case u.interrupted || !u.command.Drain:
		if len(lost) > 0 {
			u.screen.note("left for the next start: " + strings.Join(lost, ", "))
		}
		return u.platform.failed()
	case len(lost) > 0:
		return exitError{exitFailed, "not all is stored: " + strings.Join(lost, ", ")}
	}
	return nil
}

func (u *up) report(all figures) error {
	if u.command.JSON {
		return all.writeJSON(u.console.Out)
	}
	u.screen.clear()
	u.guard.measure()
	v := u.view(all, nil)
	v.log, v.endpoints = nil, nil
	if _, err := io.WriteString(u.console.Out, v.render(0, u.console.colours())); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// endedService reports whether a service ended before it was asked to.
func (p *platform) endedService(name string) bool {
	for _, s := range p.services {
		if s.name == name && s.ended() != nil {
			return true
		}
	}
	return false
}
