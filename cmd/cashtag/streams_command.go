package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"cashtag/streams"

	"github.com/dustin/go-humanize"
)

type streamsCommand struct {
	Apply streamsApplyCommand `cmd:"" help:"Create what is missing and change what differs."`
	Diff  streamsDiffCommand  `cmd:"" help:"Show what apply would change (exit code 1 where it would)."`
	Ls    streamsLsCommand    `cmd:"" help:"List the streams and how full they are."`
}

// Help implements kong.HelpProvider.
func (streamsCommand) Help() string {
	return `
Every stream and key-value bucket that cashtag needs, with its subjects and limits.

  cashtag streams apply
  cashtag streams ls`
}

// topologySize is how large the streams are to be.
type topologySize struct {
	Replicas   int    `default:"1" help:"Servers that keep each stream: 1, or 3 or 5 in a cluster."`
	TotalBytes string `default:"1280MiB" placeholder:"SIZE" help:"Shared out among the streams as their limits."`
}

func (s topologySize) topology() (streams.Topology, error) {
	total, err := humanize.ParseBytes(s.TotalBytes)
	if err != nil || total > math.MaxInt64 {
		return streams.Topology{}, usageError("--total-bytes is %q: must be a size such as 1280MiB or 20GB", s.TotalBytes)
	}
	topology, err := streams.NewTopology(streams.Size{Replicas: s.Replicas, TotalBytes: int64(total)})
	if err != nil {
		return streams.Topology{}, usageError("%v", err)
	}
	return topology, nil
}

type streamsApplyCommand struct {
	topologySize
	Force bool `help:"Apply changes that lose stored events too."`
}

// Help implements kong.HelpProvider.
func (streamsApplyCommand) Help() string {
	return `
May be called again at any time. A change that would lose stored events (narrowed subjects, a lowered limit, another storage) is refused, and then nothing at all is changed.

  cashtag streams apply
  cashtag streams apply --replicas 3 --total-bytes 100GB`
}

// Run makes the server agree with the topology.
func (c streamsApplyCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	topology, err := c.topology()
	if err != nil {
		return err
	}
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		changes, err := streams.Apply(ctx, client, topology, c.Force)
		if errors.Is(err, streams.ErrWouldLose) {
			return fmt.Errorf("%w: --force does it all the same", err)
		}
		if err == nil || len(changes) > 0 { // what was done before an error is done
			err = errors.Join(err, printChanges(console, changes))
		}
		return err
	})
}

type streamsDiffCommand struct {
	topologySize
}

// Help implements kong.HelpProvider.
func (streamsDiffCommand) Help() string {
	return `
Changes nothing. The exit code is 0 where the server agrees with the topology, 1 where it differs.

  cashtag streams diff
  cashtag streams diff --replicas 3 --total-bytes 100GB`
}

// Run compares the server with the topology.
func (c streamsDiffCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	topology, err := c.topology()
	if err != nil {
		return err
	}
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		changes, err := streams.Diff(ctx, client, topology)
		if err != nil {
			return err
		}
		if err := printChanges(console, changes); err != nil {
			return err
		}
		if len(changes) > 0 {
			return exitError{code: exitFailed} // the lines above say it all
		}
		return nil
	})
}

func printChanges(console Console, changes []streams.Change) error {
	for _, change := range changes {
		line := printable(change.String())
		if change.Loses && console.colours() {
			line = string(toneAlarm) + line + toneEnd
		}
		if _, err := fmt.Fprintln(console.Out, line); err != nil {
			return err
		}
	}
	if len(changes) == 0 {
		newAsides(console).say("the streams agree with the topology")
	}
	return nil
}
