package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cashtag/streams"
	"cashtag/streams/durable"
)

type deadCommand struct {
	Ls      deadLsCommand      `cmd:"" help:"List dead letters, the oldest first."`
	Show    deadShowCommand    `cmd:"" help:"Show one dead letter with its headers and payload."`
	Requeue deadRequeueCommand `cmd:"" help:"Hand messages once more to the consumer that buried them."`
	Drop    deadDropCommand    `cmd:"" help:"Remove dead letters for good."`
}

// Help implements kong.HelpProvider.
func (deadCommand) Help() string {
	return `
A message that a consumer could not store is kept as a dead letter, byte for byte, and the rest goes on. Find out why with ls and show; then requeue it once the cause is gone, or drop it.

  cashtag dead ls
  cashtag dead requeue 17`
}

// letterFilter chooses dead letters.
type letterFilter struct {
	Consumer string `placeholder:"NAME" help:"Only letters of this consumer: mongo, or mongo/TWEETS."`
	Stream   string `placeholder:"NAME" help:"Only letters of messages of this stream."`
}

// subject is the filter as a subject of the stream DEAD.
func (f letterFilter) subject() (string, error) {
	consumer, stream := f.Consumer, strings.ToUpper(f.Stream)
	if service, of, ok := strings.Cut(consumer, "/"); ok {
		consumer = service
		if stream != "" && stream != of {
			return "", usageError("--consumer %s and --stream %s exclude each other", f.Consumer, f.Stream)
		}
		stream = of
	}
	var services, names []string
	for _, known := range streams.Consumers() {
		services = append(services, known.Service)
		names = append(names, known.Stream)
	}
	if err := oneOf("--consumer", consumer, services); err != nil {
		return "", err
	}
	if err := oneOf("--stream", stream, names); err != nil {
		return "", err
	}
	if consumer == "" && stream == "" {
		return "", nil
	}
	if consumer == "" {
		consumer = "*"
	}
	if stream == "" {
		return streams.DeadSubject(consumer, ">"), nil
	}
	return streams.Consumer{Service: consumer, Stream: stream}.DeadFilter(), nil
}

// oneOf refuses a value that is neither empty nor allowed.
func oneOf(what, value string, allowed []string) error {
	if value == "" || slices.Contains(allowed, value) {
		return nil
	}
	slices.Sort(allowed)
	return usageError("%s is %q: must be one of %s", what, value, strings.Join(slices.Compact(allowed), ", "))
}

type deadLsCommand struct {
	letterFilter
}

// Help implements kong.HelpProvider.
func (deadLsCommand) Help() string {
	return `
For each letter: its number, who could not store the message and why, and after how many tries.

  cashtag dead ls
  cashtag dead ls --consumer mongo --stream TWEETS`
}

// Run lists dead letters.
func (c deadLsCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	filter, err := c.subject()
	if err != nil {
		return err
	}
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		table := newGrid("NUMBER", "BURIED AT", "CONSUMER", "SEQUENCE", "SUBJECT", "TRIES", "REASON")
		err := durable.Letters{Client: client}.All(ctx, filter, func(letter durable.Letter) error {
			dead := letter.Dead
			table.add(counted(letter.Number), timed(dead.BuriedAt), said(dead.Consumer), said(positionOf(letter)),
				said(dead.Subject), counted(uint64(max(dead.Tries, 0))), said(dead.Reason))
			return nil
		})
		if err != nil {
			return err
		}
		if len(table.rows) == 0 {
			newAsides(console).say("no dead letters")
			return nil
		}
		return table.print(console)
	})
}

// positionOf is where the message stood when it was buried, such as TWEETS/17.
func positionOf(letter durable.Letter) string {
	return fmt.Sprintf("%s/%d", letter.Dead.Stream, letter.Dead.Sequence)
}
