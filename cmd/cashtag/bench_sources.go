//go:build !external

package main

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"time"

	"github.com/dustin/go-humanize"
)

// benchSourcesCommand measures the way in: what a vendor sends, decoded, and each
// client against its stand-in.
type benchSourcesCommand struct {
	Seconds float64 `default:"2" help:"How long each of the six paths is measured, from 0.01 to 60."`
	JSON    bool    `name:"json" help:"Print one JSON array instead of the table."`
}

// Help implements kong.HelpProvider.
func (benchSourcesCommand) Help() string {
	return `
The posts and minute bars of the demo's day are played by the stand-ins, on the vendors' own wire. What they send is decoded again and again, and read by the real client at full speed. Of Bluesky's frames one in 52 names a followed ticker, and all are counted.

A client shares the process with its stand-in and the connection between them, so its figures are of both, allocations included; a decoder is alone.

  cashtag bench sources --seconds 5`
}

// sourceFigures are those of one path.
type sourceFigures struct {
	Path           string  `json:"path"`
	Events         int     `json:"events"`
	EventsPerS     float64 `json:"events_per_s"`
	EventsPerCore  float64 `json:"events_per_s_core"` // for each second of CPU time
	AllocsPerEvent float64 `json:"allocations_per_event"`
	BytesPerEvent  float64 `json:"bytes_per_event"` // allocated
}

// sourcePath is one way to measure. Run reads once what there is, and returns how
// much that was.
type sourcePath struct {
	name string
	run  func(ctx context.Context) (events int, err error)
}

// sourcePatience bounds one run of a path.
const sourcePatience = 30 * time.Second

// Run implements the command.
func (c benchSourcesCommand) Run(ctx context.Context, console Console) error {
	if c.Seconds < 0.01 || c.Seconds > 60 {
		return usageError("--seconds is %g: must be from 0.01 to 60", c.Seconds)
	}
	ctx, stop := interruptible(ctx, console)
	defer stop()
	var doing benchProgress
	doing.say("recording what the vendors send")
	unfollow := newAsides(console).follow(doing.text)
	figures, err := c.measure(ctx, &doing)
	unfollow()
	if ctx.Err() != nil {
		return exitError{exitInterrupted, errInterrupted.Error()}
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(console.Out).Encode(figures)
	}
	table := newGrid("PATH", "EVENTS", "EVENTS/S", "EVENTS/S/CORE", "ALLOCS/EVENT", "BYTES/EVENT")
	for _, f := range figures {
		table.add(said(f.Path), commas(float64(f.Events)), commas(f.EventsPerS), commas(f.EventsPerCore), decimal("%.1f", f.AllocsPerEvent), decimal("%.0f", f.BytesPerEvent))
	}
	return table.print(console)
}

func (c benchSourcesCommand) measure(ctx context.Context, doing *benchProgress) ([]sourceFigures, error) {
	day, err := newSourceDay()
	if err != nil {
		return nil, err
	}
	paths, err := day.paths(ctx)
	if err != nil {
		return nil, err
	}
	var all []sourceFigures
	for _, path := range paths {
		doing.say("%s", path.name)
		figures, err := path.measure(ctx, time.Duration(c.Seconds*float64(time.Second)))
		if err != nil {
			return nil, err
		}
		all = append(all, figures)
	}
	return all, nil
}

// measure runs the path once to warm up, and then until the time is over.
func (p sourcePath) measure(ctx context.Context, within time.Duration) (sourceFigures, error) {
	if _, err := p.once(ctx); err != nil {
		return sourceFigures{}, err
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	used, err := processUsage()
	if err != nil {
		return sourceFigures{}, err
	}
	figures, began := sourceFigures{Path: p.name}, time.Now()
	for time.Since(began) < within {
		n, err := p.once(ctx)
		if err != nil {
			return sourceFigures{}, err
		}
		figures.Events += n
	}
	took := time.Since(began)
	uses, err := processUsage()
	if err != nil {
		return sourceFigures{}, err
	}
	runtime.ReadMemStats(&after)
	events := float64(figures.Events)
	figures.EventsPerS = events / took.Seconds()
	figures.EventsPerCore = events / max((uses.cpu-used.cpu).Seconds(), time.Millisecond.Seconds())
	figures.AllocsPerEvent = float64(after.Mallocs-before.Mallocs) / events
	figures.BytesPerEvent = float64(after.TotalAlloc-before.TotalAlloc) / events
	return figures, nil
}

func (p sourcePath) once(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, sourcePatience)
	defer cancel()
	n, err := p.run(ctx)
	if err == nil && n == 0 {
		err = errors.New("nothing was read")
	}
	if err != nil {
		return 0, errors.New(p.name + ": " + err.Error())
	}
	return n, nil
}

// commas is a cell with a whole number that people can read.
func commas(n float64) cell { return cell{text: humanize.Comma(int64(n)), right: true} }
