package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cashtag/streams"
	"cashtag/streams/flag"
)

type flagsCommand struct {
	Ls      flagsLsCommand      `cmd:"" default:"1" help:"List every flag (the default)."`
	Set     flagsSetCommand     `cmd:"" help:"Set a flag, in every process, within a second."`
	Reset   flagsResetCommand   `cmd:"" help:"Take a flag back to its default."`
	History flagsHistoryCommand `cmd:"" help:"Show what was stored for a flag, the oldest first."`
}

// Help implements kong.HelpProvider.
func (flagsCommand) Help() string {
	return `
A service whose flag is off stops before its next batch and goes on where it stopped when the flag is on again. The flag market overrides the calendar.

  cashtag flags
  cashtag flags set mongo off`
}

type flagsLsCommand struct{}

// Help implements kong.HelpProvider.
func (flagsLsCommand) Help() string {
	return `
A flag that nobody set has its default and no revision. A service may start with another default of its own: kinesis is off against AWS until it is set.

  cashtag flags`
}

// Run lists every flag.
func (flagsLsCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	return withFlags(ctx, console, connection, func(ctx context.Context, _ *streams.Client, flags *flag.Set) error {
		table := newGrid("FLAG", "VALUE", "DEFAULT", "SINCE", "REVISION", "DECIDES")
		notes := newAsides(console)
		for _, state := range flags.List() {
			changes, err := flags.History(ctx, state.Name)
			if err != nil {
				return err
			}
			warnOfLast(notes, state, changes)
			revision := cell{text: "-", right: true}
			if state.Revision > 0 {
				revision = counted(state.Revision)
			}
			table.add(said(state.Name), said(state.Value).toned(flagTone(state.Value)), said(state.Default),
				timed(changedAt(changes, state.Revision)), revision, said(state.Says))
		}
		return table.print(console)
	})
}

func flagTone(value string) tone {
	if value == flag.Off || value == flag.MarketClosed {
		return toneQuiet
	}
	return tonePlain
}

// warnOfLast says so when somebody stored a value that no process takes.
func warnOfLast(notes *asides, state flag.State, changes []flag.Change) {
	if len(changes) == 0 {
		return
	}
	last := changes[len(changes)-1]
	if last.Deleted || last.Value != "" {
		return
	}
	notes.say("flag %s: stored value %s (revision %d) is not allowed, so it stays %s: must be %s",
		state.Name, strconv.Quote(shortened(last.Stored, 60)), last.Revision, state.Value, strings.Join(state.Allowed, " or "))
}

// changedAt is when the revision was stored; zero where it is not among the changes.
func changedAt(changes []flag.Change, revision uint64) time.Time {
	i := slices.IndexFunc(changes, func(c flag.Change) bool { return c.Revision == revision })
	if i < 0 {
		return time.Time{}
	}
	return changes[i].At
}

type flagsSetCommand struct {
	Name  string `arg:"" help:"The flag, as cashtag flags lists it."`
	Value string `arg:"" help:"on or off; for market: auto, open or closed."`
}

// Help implements kong.HelpProvider.
func (flagsSetCommand) Help() string {
	return `
A service that is turned off finishes the batch in hand, and goes on where it stopped when it is turned on.

  cashtag flags set mongo off
  cashtag flags set market closed`
}

// Run sets a flag.
func (c flagsSetCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	return withFlags(ctx, console, connection, func(ctx context.Context, _ *streams.Client, flags *flag.Set) error {
		before, err := flagNamed(flags, c.Name)
		if err != nil {
			return err
		}
		if err := flags.Put(ctx, c.Name, c.Value); err != nil {
			return flagMistake(err)
		}
		return printChange(ctx, console, flags, before)
	})
}

type flagsResetCommand struct {
	Name string `arg:"" help:"The flag, as cashtag flags lists it."`
}

// Help implements kong.HelpProvider.
func (flagsResetCommand) Help() string {
	return `
The default of a flag is the one that cashtag flags shows beside it.

  cashtag flags reset mongo`
}

// Run takes a flag back to its default.
func (c flagsResetCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	return withFlags(ctx, console, connection, func(ctx context.Context, _ *streams.Client, flags *flag.Set) error {
		before, err := flagNamed(flags, c.Name)
		if err != nil {
			return err
		}
		if err := flags.Reset(ctx, c.Name); err != nil {
			return flagMistake(err)
		}
		return printChange(ctx, console, flags, before)
	})
}

// printChange says what became of a flag, as the bucket has it.
func printChange(ctx context.Context, console Console, flags *flag.Set, before flag.State) error {
	changes, err := flags.History(ctx, before.Name)
	if err != nil {
		return err
	}
	after, revision := before.Default, uint64(0)
	if len(changes) > 0 {
		last := changes[len(changes)-1]
		revision = last.Revision
		if !last.Deleted {
			after = last.Value
		}
	}
	_, err = fmt.Fprintf(console.Out, "%s: %s -> %s (revision %d)\n", before.Name, before.Value, after, revision)
	return err
}

type flagsHistoryCommand struct {
	Name string `arg:"" help:"The flag, as cashtag flags lists it."`
}

// Help implements kong.HelpProvider.
func (flagsHistoryCommand) Help() string {
	return `
Shows at most the last 64 changes. Where what was typed is not what it meant, both stand there; a value that is not allowed changed nothing.

  cashtag flags history mongo`
}

// Run shows a flag's history.
func (c flagsHistoryCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	return withFlags(ctx, console, connection, func(ctx context.Context, _ *streams.Client, flags *flag.Set) error {
		state, err := flagNamed(flags, c.Name)
		if err != nil {
			return err
		}
		changes, err := flags.History(ctx, c.Name)
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			newAsides(console).say("flag %s was never set: it is %s", state.Name, state.Value)
			return nil
		}
		table := newGrid("REVISION", "AT", "VALUE", "STORED")
		for _, change := range changes {
			value, stored := said(change.Value).toned(flagTone(change.Value)), strconv.Quote(shortened(change.Stored, 60))
			switch {
			case change.Deleted:
				value, stored = said(state.Default), "deleted: the default"
			case change.Value == "":
				value, stored = said("not allowed").toned(toneAlarm), stored+": changed nothing"
			}
			table.add(counted(change.Revision), timed(change.At), value, said(stored))
		}
		return table.print(console)
	})
}

// withFlags opens the flags for do.
func withFlags(
	ctx context.Context, console Console, connection *Connection,
	do func(ctx context.Context, client *streams.Client, flags *flag.Set) error,
) error {
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		flags, err := flag.Open(ctx, client, nil)
		if err != nil {
			return err
		}
		defer flags.Close()
		return do(ctx, client, flags)
	})
}

func flagNamed(flags *flag.Set, name string) (flag.State, error) {
	list := flags.List()
	names := make([]string, len(list))
	for i, state := range list {
		if state.Name == name {
			return state, nil
		}
		names[i] = state.Name
	}
	return flag.State{}, usageError("unknown flag %q: must be one of %s", name, strings.Join(names, ", "))
}

// flagMistake gives a value that is not allowed the exit code of wrong use.
func flagMistake(err error) error {
	if errors.Is(err, flag.ErrBadValue) || errors.Is(err, flag.ErrUnknownFlag) {
		return usageError("%v", err)
	}
	return err
}
