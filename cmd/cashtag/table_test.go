//go:build !external

package main

import (
	"slices"
	"strings"
	"testing"

	"cashtag/streams/durable"
)

// A terminal without room for each consumer shows each service, with what its
// streams add up to and the worst state among them.
func TestTableFitsTheTerminal(t *testing.T) {
	t.Parallel()
	v := view{title: "title", endpoints: []endpoint{{"nats", "nats://127.0.0.1:4222"}}, figures: figures{Consumers: map[string]consumerFigures{}}}
	for _, stream := range []string{"TWEETS", "QUOTES", "MARKET", "LOGS"} {
		for _, service := range []string{"mongo", "archive"} {
			row := viewRow{key: service + "/" + stream, flag: "on", state: durable.StateIdle}
			if row.key == "mongo/QUOTES" {
				row.state, row.stats.LastError, row.stats.Retries = durable.StateRetrying, "no server", 7
			}
			v.rows = append(v.rows, row)
			v.figures.Consumers[row.key] = consumerFigures{Stored: 10, Pending: 2}
		}
	}
	whole := v.fitted(0, 100, false)
	if !slices.ContainsFunc(whole, func(line string) bool { return strings.HasPrefix(line, "archive/LOGS") }) {
		t.Errorf("got\n%s\nwant each consumer where there is room", strings.Join(whole, "\n"))
	}
	small := v.fitted(0, len(whole)-1, false)
	fields := func(name string) string {
		i := slices.IndexFunc(small, func(line string) bool { return strings.HasPrefix(line, name+" ") })
		if i < 0 {
			t.Fatalf("got no line of %s in\n%s", name, strings.Join(small, "\n"))
		}
		return strings.Join(strings.Fields(small[i]), " ")
	}
	if got, want := fields("mongo"), "mongo 4 40 8 - 0 7 0 0 on retrying: no server"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := fields("archive"), "archive 4 40 8 - 0 0 0 0 on idle"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	fields("nats")
	if got := v.fitted(0, 3, false); len(got) != 3 {
		t.Errorf("got %d lines, want it cut to 3", len(got))
	}
}
