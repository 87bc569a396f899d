package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// fullPercent is how full a stream may be before it stands out.
const fullPercent = 80

type streamsLsCommand struct{}

// Help implements kong.HelpProvider.
func (streamsLsCommand) Help() string {
	return `
Lists every stream on the server, those of cashtag first. A key-value bucket is a stream whose name starts with KV_.

  cashtag streams ls`
}

// Run lists the streams.
func (streamsLsCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		list, err := listStreams(ctx, client)
		if err != nil {
			return err
		}
		if table := streamsTable(list); len(list) > 0 {
			if err := table.print(console); err != nil {
				return err
			}
		}
		if missing := missingStreams(list); len(missing) > 0 {
			newAsides(console).say("not there: %s: `cashtag streams apply` creates what is missing", strings.Join(missing, ", "))
		}
		return nil
	})
}

// listStreams reads every stream, those of the topology first and in its order.
func listStreams(ctx context.Context, client *streams.Client) ([]*jetstream.StreamInfo, error) {
	lister := client.JS.ListStreams(ctx)
	var list []*jetstream.StreamInfo
	for info := range lister.Info() {
		list = append(list, info)
	}
	if err := lister.Err(); err != nil {
		return nil, fmt.Errorf("list streams: %w", err)
	}
	names := streams.StreamNames()
	place := func(info *jetstream.StreamInfo) int {
		if i := slices.Index(names, info.Config.Name); i >= 0 {
			return i
		}
		return len(names)
	}
	slices.SortFunc(list, func(a, b *jetstream.StreamInfo) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(a.Config.Name, b.Config.Name))
	})
	return list, nil
}

func missingStreams(list []*jetstream.StreamInfo) []string {
	var missing []string
	for _, name := range streams.StreamNames() {
		if !slices.ContainsFunc(list, func(info *jetstream.StreamInfo) bool { return info.Config.Name == name }) {
			missing = append(missing, name)
		}
	}
	return missing
}

func streamsTable(list []*jetstream.StreamInfo) *grid {
	table := newGrid("STREAM", "EVENTS", "BYTES", "OF", "FULL", "FIRST STORED", "LAST STORED", "SUBJECTS")
	for _, info := range list {
		state, config := info.State, info.Config
		full := cell{text: "-", right: true}
		if config.MaxBytes > 0 {
			percent := 100 * float64(state.Bytes) / float64(config.MaxBytes)
			full.text = fmt.Sprintf("%.0f%%", percent)
			if percent >= fullPercent {
				full.tone = toneAlarm
			}
		}
		first, last := timed(state.FirstTime), timed(state.LastTime)
		if state.Msgs == 0 {
			first, last = said("-"), said("-")
		}
		table.add(said(config.Name), counted(state.Msgs), sized(state.Bytes), limited(config.MaxBytes), full,
			first, last, said(strings.Join(config.Subjects, ", ")))
	}
	return table
}
