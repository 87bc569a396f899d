package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"cashtag/services/replay"
	"cashtag/streams"
)

type tapePlayCommand struct {
	File  string    `arg:"" help:"The file to play, or - for standard input."`
	Speed tapeSpeed `default:"max" help:"Seconds of event time that pass in one second, such as 60, or max for as fast as events can be stored."`
	Again bool      `help:"Play a file once more that was played to its end, as a run whose events have ids of their own."`
}

// Help implements kong.HelpProvider.
func (tapePlayCommand) Help() string {
	return `
Events keep their ids, so an event that a stream took within its dedupe window is not stored twice. A file that was interrupted goes on where it stopped; one that was played to its end has nothing new. Standard input always plays from its beginning.

A bad line is said on standard error with file and line, and the rest plays. The exit code is 0 when every line was played, 1 when some were bad.

  cashtag tape play day.ndjson
  zstdcat quotes.ndjson.zst | cashtag tape play - --speed 60`
}

// Run plays a file of events.
func (c tapePlayCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	if c.File == "-" && c.Again {
		return usageError("--again is for files: standard input always plays from its beginning")
	}
	if err := c.check(); err != nil {
		return err
	}
	notes := newAsides(console)
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		tape, err := c.open(ctx, console, notes)
		if err != nil {
			return err
		}
		return c.play(ctx, client, tape, notes)
	})
}

// check refuses what cannot be played before anything is started.
func (c tapePlayCommand) check() error {
	if c.File == "-" {
		return nil
	}
	info, err := os.Stat(c.File)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return usageError("there is no file %s: name one that `cashtag tape record` wrote, or - for standard input", c.File)
	case err != nil:
		return fmt.Errorf("open tape: %w", err)
	case info.IsDir():
		return usageError("%s is a directory: name a file of events, or play the directory by `cashtag up --tape %s`", c.File, c.File)
	case !info.Mode().IsRegular():
		return usageError("%s is not a file: pipe it into `cashtag tape play -`", c.File)
	}
	return nil
}

func (c tapePlayCommand) open(ctx context.Context, console Console, notes *asides) (*eventTape, error) {
	if c.File == "-" {
		return openPipe(ctx, console.In, notes)
	}
	return openEventFile(c.File, notes)
}

func (c tapePlayCommand) play(ctx context.Context, client *streams.Client, tape *eventTape, notes *asides) error {
	config := streams.DefaultPublisherConfig()
	config.Linger, config.Logger = 0, notes.logger() // a batch is complete when it is published
	publisher, err := streams.NewPublisher(client, config)
	if err != nil {
		return err
	}
	defer publisher.Close(context.WithoutCancel(ctx)) //nolint:errcheck // every call has returned
	places := func(ctx context.Context, stream, source string) (string, error) {
		if tape.once {
			return "", nil
		}
		return streams.LastPlace(ctx, client, stream, source)
	}
	playing := replay.DefaultConfig()
	playing.Streams = streams.StreamNames()
	playing.Speed, playing.Again = float64(c.Speed), c.Again
	player, err := replay.New(tape, lenient{publisher, tape}, places, always{}, notes.logger(), playing)
	if err != nil {
		return err
	}
	started := time.Now()
	stop := notes.follow(func() string {
		progress := player.Progress()
		return fmt.Sprintf("%d events played, at %s", progress.Played, timeText(progress.At))
	})
	err = player.Run(ctx)
	stop()
	progress := player.Progress()
	switch {
	case err != nil:
		return err
	case !progress.Done:
		return c.interrupted(progress)
	}
	played := progress.Played - tape.unpublished.Load()
	notes.say("played %d events in %s%s", played, time.Since(started).Round(time.Millisecond), c.remarks(progress, publisher.Stats()))
	if bad := tape.bad(); bad > 0 {
		return fmt.Errorf("%d bad lines in %s were left out", bad, tape.name)
	}
	return nil
}

// remarks says what the count of events played does not.
func (c tapePlayCommand) remarks(progress replay.Progress, stats streams.PublisherStats) string {
	text := ""
	if progress.Skipped > 0 {
		text += fmt.Sprintf(", %d were there from playing this file before", progress.Skipped)
	}
	if stats.Duplicates > 0 {
		text += fmt.Sprintf(", %d of them were stored already", stats.Duplicates)
	}
	if progress.Played == 0 && progress.Skipped > 0 {
		text += ": nothing new (--again plays it once more)"
	}
	return text
}

func (c tapePlayCommand) interrupted(progress replay.Progress) error {
	if c.File == "-" {
		return fmt.Errorf("%w after %d events", errInterrupted, progress.Played)
	}
	return fmt.Errorf("%w after %d events: play it again to go on from there", errInterrupted, progress.Played+progress.Skipped)
}
