//go:build !external

package main

import (
	"context"
	"errors"
	"os"
	"slices"
)

// benchCommand measures the paths of the platform, each against a minimum written
// by hand that does the same in the same run.
type benchCommand struct {
	Sinks    benchSinksCommand    `cmd:"" help:"Drain a stream of tweets through each sink and through all at once."`
	Publish  benchPublishCommand  `cmd:"" help:"Publish tweets under sync always."`
	Features benchFeaturesCommand `cmd:"" help:"Count a day of posts, scores and bars window by window."`
	Sources  benchSourcesCommand  `cmd:"" help:"Decode what the vendors send, and read it through each client."`
	Worker   benchWorkerCommand   `cmd:"" hidden:"" help:"Do one measured run; the other commands start it."`
}

// The bounds of --events.
const (
	minBenchEvents = 1_000
	maxBenchEvents = 2_000_000
)

// benchOptions is what both benchmarks are told.
type benchOptions struct {
	Events  int    `default:"200000" help:"Tweets of about 620 bytes, from 1000 to 2000000."`
	Dir     string `placeholder:"DIR" help:"Where the streams' files live while it runs, in a directory of their own. Default: the system's temporary directory."`
	JSON    bool   `name:"json" help:"Print one JSON object instead of the table."`
	Profile string `hidden:"" placeholder:"DIR" help:"Leave a CPU and a heap profile of each run in DIR."`
}

func (o benchOptions) check() error {
	if o.Events < minBenchEvents || o.Events > maxBenchEvents {
		return usageError("--events is %d: must be from %d to %d", o.Events, minBenchEvents, maxBenchEvents)
	}
	if _, err := processUsage(); err != nil {
		return err
	}
	for flag, dir := range map[string]string{"--dir": o.Dir, "--profile": o.Profile} {
		if dir == "" {
			continue
		}
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return usageError("%s is %q: must be a directory that exists", flag, dir)
		}
	}
	return nil
}

// benchmark is one run of a benchmark command.
type benchmark struct {
	options benchOptions
	world   *benchWorld
	notes   *asides
	doing   benchProgress
}

// runBenchmark builds the world and calls measure in it. It ends at the first
// interrupt.
func runBenchmark(ctx context.Context, console Console, options benchOptions, measure func(context.Context, *benchmark) error) error {
	if err := options.check(); err != nil {
		return err
	}
	ctx, stop := interruptible(ctx, console)
	defer stop()
	b := &benchmark{options: options, notes: newAsides(console)}
	b.doing.say("starting")
	unfollow := b.notes.follow(b.doing.text)
	err := b.within(ctx, measure)
	unfollow()
	if err != nil && ctx.Err() != nil {
		return exitError{exitInterrupted, errInterrupted.Error()}
	}
	return err
}

func (b *benchmark) within(ctx context.Context, measure func(context.Context, *benchmark) error) (err error) {
	b.world, err = openBenchWorld(ctx, b.options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.world.close()) }()
	return measure(ctx, b)
}

// perMillion scales what n events cost to a million of them.
func perMillion(cost float64, n int) float64 { return cost / float64(n) * 1e6 }

// median is the middle of values, or the mean of the two in the middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[half-1] + sorted[half]) / 2
	}
	return sorted[half]
}
