package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"cashtag/streams"
	"cashtag/streams/durable"
)

type deadShowCommand struct {
	Number uint64 `arg:"" help:"The letter's number, as cashtag dead ls lists it."`
	Raw    bool   `help:"Write the original bytes of the message and nothing else."`
}

// Help implements kong.HelpProvider.
func (deadShowCommand) Help() string {
	return `
A payload that is JSON is indented, any other is dumped in hexadecimal.

  cashtag dead show 17
  cashtag dead show 17 --raw > message`
}

// Run shows one dead letter.
func (c deadShowCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		letter, err := durable.Letters{Client: client}.Get(ctx, c.Number)
		if errors.Is(err, durable.ErrNoLetter) {
			return fmt.Errorf("%w: `cashtag dead ls` lists those there are", err)
		}
		if err != nil {
			return err
		}
		text := letter.Dead.Payload
		if !c.Raw {
			text = letterText(letter)
		}
		if _, err := console.Out.Write(text); err != nil {
			return fmt.Errorf("write dead letter: %w", err)
		}
		return nil
	})
}

// letterText is all that is known of a letter.
func letterText(letter durable.Letter) []byte {
	dead := letter.Dead
	var out bytes.Buffer
	field := func(name, format string, args ...any) {
		fmt.Fprintf(&out, "%-11s%s\n", name, printable(fmt.Sprintf(format, args...)))
	}
	field("number", "%d", letter.Number)
	field("id", "%s", letter.Event.ID)
	field("buried at", "%s", timeText(dead.BuriedAt))
	field("consumer", "%s", dead.Consumer)
	field("sequence", "%s", positionOf(letter))
	field("subject", "%s", dead.Subject)
	field("tries", "%d", dead.Tries)
	field("reason", "%s", dead.Reason)
	out.WriteString("headers\n")
	for _, name := range slices.Sorted(maps.Keys(dead.Headers)) {
		for _, value := range dead.Headers[name] {
			fmt.Fprintf(&out, "  %s: %s\n", printable(name), printable(value))
		}
	}
	fmt.Fprintf(&out, "payload    %d bytes\n", len(dead.Payload))
	writePayload(&out, dead.Payload)
	return out.Bytes()
}

func writePayload(out *bytes.Buffer, payload []byte) {
	var indented bytes.Buffer
	if err := json.Indent(&indented, payload, "", "  "); err == nil {
		for line := range strings.Lines(indented.String()) {
			out.WriteString(printable(strings.TrimSuffix(line, "\n")) + "\n")
		}
		return
	}
	dumper := hex.Dumper(out)
	_, _ = io.Copy(dumper, bytes.NewReader(payload)) // a buffer takes everything
	_ = dumper.Close()
}
