//go:build !external

package main

import (
	"context"
	"encoding/json"
	"fmt"

	"cashtag/streams"

	"github.com/dustin/go-humanize"
)

// benchPublishCommand measures the publisher.
type benchPublishCommand struct {
	benchOptions

	Seconds int `default:"5" help:"Length of the paced run, and most that is spent on publishing one at a time. From 1 to 60."`
}

// Help implements kong.HelpProvider.
func (benchPublishCommand) Help() string {
	return fmt.Sprintf(`
Publishes tweets to an embedded NATS that syncs to disk before each acknowledgement, from a process of its own over TCP, in these ways:

  callers   %d callers of the publisher, each with one event at a time: group commit
  calls     one caller of the publisher, %d events a call
  paced     calls of one event, %d of them started each second, whatever the ones before do
  by hand   one loop of nats.go with atomic batches of %d: the minimum, and the ratio's 1.00
  singly    one loop of nats.go that waits for each event

Latency is that of a call, of a paced one from the moment it was due. A call returns when its events are on disk, so put --dir on the disk that you want to know about: the temporary directory may be memory.

  cashtag bench publish
  cashtag bench publish --events 1000000 --seconds 20 --dir .`, benchCallers, benchCallSize, benchPace, benchCallSize)
}

// maxBenchSeconds bounds --seconds.
const maxBenchSeconds = 60

// The ways to publish.
const (
	wayCallers = "callers"
	wayCalls   = "calls"
	wayPaced   = "paced"
	wayByHand  = "by hand"
	waySingly  = "singly"
)

// benchSinglyRate is about what one at a time reaches on a good disk, in events a
// second.
const benchSinglyRate = 1000

// Run implements the command.
func (c benchPublishCommand) Run(ctx context.Context, console Console) error {
	if c.Seconds < 1 || c.Seconds > maxBenchSeconds {
		return usageError("--seconds is %d: must be from 1 to %d", c.Seconds, maxBenchSeconds)
	}
	var report publishReport
	err := runBenchmark(ctx, console, c.benchOptions, func(ctx context.Context, b *benchmark) (err error) {
		report, err = c.measure(ctx, b)
		return err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		if err := json.NewEncoder(console.Out).Encode(report); err != nil {
			return fmt.Errorf("write figures: %w", err)
		}
		return nil
	}
	return report.print(console)
}

func (c benchPublishCommand) measure(ctx context.Context, b *benchmark) (publishReport, error) {
	var report publishReport
	var minimum float64
	for _, way := range []string{wayByHand, wayCallers, wayCalls, wayPaced, waySingly} {
		task := benchTask{Who: benchCashtag, Way: way, Events: c.Events}
		if way == wayByHand || way == waySingly {
			task.Who = benchMinimum
		}
		switch way {
		case wayPaced:
			task.Events = c.Seconds * benchPace
		case waySingly:
			task.Events = min(c.Events, c.Seconds*benchSinglyRate)
		}
		b.doing.say("publishing %d tweets: %s", task.Events, way)
		if err := b.world.recreate(ctx, streams.Tweets); err != nil {
			return report, err
		}
		result, err := b.run(ctx, task, way)
		if err != nil {
			return report, err
		}
		stored, err := b.world.messages(ctx, streams.Tweets)
		if err != nil {
			return report, err
		}
		if stored != int64(task.Events) {
			return report, fmt.Errorf("run %s: the stream has %d of %d events", way, stored, task.Events)
		}
		if way == wayByHand {
			minimum = result.rate()
		}
		report.Ways = append(report.Ways, newWayReport(way, result, minimum))
	}
	return report, nil
}

// publishReport is what the command prints.
type publishReport struct {
	Ways []wayReport `json:"ways"`
}

type wayReport struct {
	Way    string `json:"way"`
	Events int    `json:"events"`
	pathFigures

	P50MS float64 `json:"p50_ms"`
	P99MS float64 `json:"p99_ms"`
	Ratio float64 `json:"ratio,omitempty"` // of the rates, to that by hand; none where the rate was set
}

func newWayReport(way string, result benchResult, minimum float64) wayReport {
	report := wayReport{
		Way: way, Events: result.Events, pathFigures: medians([]benchResult{result}),
		P50MS: result.P50MS, P99MS: result.P99MS,
	}
	if way != wayPaced {
		report.Ratio = result.rate() / minimum
	}
	return report
}

func (r publishReport) print(console Console) error {
	table := newGrid("WAY", "EVENTS", "EVENTS/S", "CPU S/M", "MEMORY", "PROGRAM", "P50 MS", "P99 MS", "RATIO")
	for _, way := range r.Ways {
		ratio := cell{text: "-", right: true}
		if way.Ratio > 0 {
			ratio = decimal("%.2f", way.Ratio)
		}
		cells := append([]cell{said(way.Way), {text: humanize.Comma(int64(way.Events)), right: true}}, way.cells()...)
		table.add(append(cells, decimal("%.1f", way.P50MS), decimal("%.1f", way.P99MS), ratio)...)
	}
	return table.print(console)
}
