package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cashtag/streams"
	"cashtag/streams/erase"
)

type eraseCommand struct {
	IDs    []string `arg:"" name:"id" help:"Posts: x:<post id> or bluesky:<did>/<record key>, at most 1000."`
	Unseen bool     `help:"State the deletion of posts too that the streams do not hold, so that MongoDB forgets those it kept for longer."`
}

// Help implements kong.HelpProvider.
func (eraseCommand) Help() string {
	return `
A deleted post leaves the streams for good: its bytes are overwritten. What is kept is an event that says that it was deleted, from which MongoDB and the archive learn it while the services mongo, archive and eraser run. A command that was interrupted may be given again.

  cashtag erase x:1960012345678901234
  cashtag erase bluesky:did:plc:ewvi7nxzyoun6zhxrhs64oiz/3l6oveex3ii2l`
}

// Run erases posts and prints a line for each.
func (c eraseCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	if len(c.IDs) > erase.MaxPosts {
		return usageError("%d posts are named: give at most %d at a time", len(c.IDs), erase.MaxPosts)
	}
	for _, id := range c.IDs {
		if err := erase.CheckID(id); err != nil {
			return usageError("%s", err)
		}
	}
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		config := streams.DefaultPublisherConfig()
		config.Linger, config.Logger = 0, newAsides(console).logger()
		publisher, err := streams.NewPublisher(client, config)
		if err != nil {
			return err
		}
		defer publisher.Close(ctx) //nolint:errcheck // every call has returned
		outcomes, err := erase.New(client, publisher).Erase(ctx, erase.Request{
			IDs: slices.Compact(slices.Sorted(slices.Values(c.IDs))), At: time.Now(), Unseen: c.Unseen,
		})
		if err != nil {
			return fmt.Errorf("%w: what was erased stays erased, give the command again", err)
		}
		return printOutcomes(console, outcomes)
	})
}

// printOutcomes returns an error where a post was not found.
func printOutcomes(console Console, outcomes []erase.Outcome) error {
	missing := 0
	for _, outcome := range outcomes {
		word := "erased"
		if !outcome.Found {
			word = "not found"
			missing++
		}
		if _, err := fmt.Fprintf(console.Out, "%s\t%s\n", outcome.ID, word); err != nil {
			return err
		}
	}
	if missing == 1 && len(outcomes) == 1 {
		return errors.New("the streams do not hold this post: check its id, or give --unseen for what MongoDB may have kept for longer")
	}
	if missing > 0 {
		return fmt.Errorf("the streams do not hold %d of %d posts: check their ids, or give --unseen for what MongoDB may have kept for longer", missing, len(outcomes))
	}
	return nil
}
