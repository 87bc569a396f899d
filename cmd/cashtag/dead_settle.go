package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"cashtag/streams"
	"cashtag/streams/durable"
)

// letterChoice is which letters a command is about: the numbers named, or all
// that match.
type letterChoice struct {
	Numbers []uint64 `arg:"" optional:"" help:"The letters' numbers, as cashtag dead ls lists them."`
	All     bool     `help:"Every letter, or every one that --consumer and --stream choose."`
	letterFilter
}

// check refuses a choice that says nothing or contradicts itself. It returns the
// subject that --all goes by.
func (c letterChoice) check() (string, error) {
	filtered := c.Consumer != "" || c.Stream != ""
	switch {
	case c.All && len(c.Numbers) > 0:
		return "", usageError("both numbers and --all are given: keep one")
	case !c.All && filtered:
		return "", usageError("--consumer and --stream choose among all letters: give --all too")
	case !c.All && len(c.Numbers) == 0:
		return "", usageError("no letter is named: give numbers as `cashtag dead ls` lists them, or --all")
	}
	return c.subject()
}

// each calls settle for every chosen letter and returns how many were settled. A
// number that is not there is said and passed over, and makes an error at the end;
// where all were meant, somebody else was faster.
func (c letterChoice) each(
	ctx context.Context, letters durable.Letters, filter string, notes *asides, settle func(number uint64) error,
) (uint64, error) {
	var settled atomic.Uint64
	defer notes.follow(func() string { return fmt.Sprintf("%d letters", settled.Load()) })()
	gone := 0
	visit := func(number uint64) error {
		err := settle(number)
		if errors.Is(err, durable.ErrNoLetter) {
			gone++
			return nil
		}
		if err == nil {
			settled.Add(1)
		}
		return err
	}
	if c.All {
		err := letters.All(ctx, filter, func(letter durable.Letter) error { return visit(letter.Number) })
		return settled.Load(), err
	}
	for _, number := range c.Numbers {
		before := gone
		if err := visit(number); err != nil {
			return settled.Load(), err
		}
		if gone > before {
			notes.say("dead letter %d is not there", number)
		}
	}
	if gone > 0 {
		return settled.Load(), fmt.Errorf("%d of %d letters are not there: `cashtag dead ls` lists those there are", gone, len(c.Numbers))
	}
	return settled.Load(), nil
}

type deadRequeueCommand struct {
	letterChoice
}

// Help implements kong.HelpProvider.
func (deadRequeueCommand) Help() string {
	return `
A requeued message goes to the consumer that buried it and to no other, whether that runs now or later. Should it fail again, it is buried again under a new number.

  cashtag dead requeue 17 18
  cashtag dead requeue --all --consumer mongo`
}

// Run requeues dead letters.
func (c deadRequeueCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	filter, err := c.check()
	if err != nil {
		return err
	}
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		notes := newAsides(console)
		config := streams.DefaultPublisherConfig()
		config.Linger, config.Logger = 0, notes.logger()
		publisher, err := streams.NewPublisher(client, config)
		if err != nil {
			return err
		}
		defer publisher.Close(ctx) //nolint:errcheck // every call has returned
		letters := durable.Letters{Client: client}
		settled, err := c.each(ctx, letters, filter, notes, func(number uint64) error {
			return letters.Requeue(ctx, publisher, number)
		})
		if _, printErr := fmt.Fprintf(console.Out, "requeued %d\n", settled); printErr != nil {
			return errors.Join(err, printErr)
		}
		return err
	})
}

type deadDropCommand struct {
	letterChoice
	Yes bool `help:"Needed with --all: what is dropped cannot be brought back."`
}

// Help implements kong.HelpProvider.
func (deadDropCommand) Help() string {
	return `
A dropped letter is gone for good; cashtag status counts it.

  cashtag dead drop 17
  cashtag dead drop --all --consumer mongo --yes`
}

// Run drops dead letters.
func (c deadDropCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	filter, err := c.check()
	if err != nil {
		return err
	}
	if c.All && !c.Yes {
		return usageError("--all drops letters for good: look with `cashtag dead ls`, then give --yes too")
	}
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		letters := durable.Letters{Client: client}
		settled, err := c.each(ctx, letters, filter, newAsides(console), func(number uint64) error {
			return letters.Drop(ctx, number)
		})
		if _, printErr := fmt.Fprintf(console.Out, "dropped %d\n", settled); printErr != nil {
			return errors.Join(err, printErr)
		}
		return err
	})
}
