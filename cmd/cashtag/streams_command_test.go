package main

import (
	"slices"
	"strings"
	"testing"

	"cashtag/streams"
	"cashtag/streams/durable/sinktest"

	"github.com/nats-io/nats.go/jetstream"
)

func TestStreamsApply(t *testing.T) {
	t.Parallel()
	c := bareCluster(t)
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		t.Fatal(err)
	}
	all := len(topology.Streams) + len(topology.Buckets)

	before := c.cashtag(t, "streams", "diff")
	before.want(t, exitFailed, "")
	if got := strings.Count(before.out, ": create\n"); got != all {
		t.Errorf("got %d things to create, want %d:\n%s", got, all, before.out)
	}
	applied := c.cashtag(t, "streams", "apply")
	applied.want(t, exitDone, "")
	if applied.out != before.out {
		t.Errorf("got\n%s\napplied, want what diff announced:\n%s", applied.out, before.out)
	}
	for _, verb := range []string{"diff", "apply"} {
		again := c.cashtag(t, "streams", verb)
		again.want(t, exitDone, "the streams agree with the topology")
		if again.out != "" {
			t.Errorf("%s: got %q, want nothing", verb, again.out)
		}
	}
	// What apply made is what the rest of the program works with.
	c.publish(t, sinktest.Tweet(1))
	c.cashtag(t, "status").want(t, exitDone, "")
}

func TestStreamsApplyRefusesALoss(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	limit := func() int64 {
		t.Helper()
		stream, err := c.client.JS.Stream(t.Context(), streams.Tweets)
		if err != nil {
			t.Fatal(err)
		}
		return stream.CachedInfo().Config.MaxBytes
	}
	before := limit()
	smaller := []string{"--total-bytes", "640MiB"}

	diff := c.cashtag(t, append([]string{"streams", "diff"}, smaller...)...)
	diff.want(t, exitFailed, "")
	if got, want := strings.Count(diff.out, "(loses data)\n"), len(streams.StreamNames()); got != want {
		t.Errorf("got %d changes that lose data, want %d", got, want)
	}
	refused := c.cashtag(t, append([]string{"streams", "apply"}, smaller...)...)
	refused.want(t, exitFailed, "stream TWEETS: max bytes")
	if !strings.Contains(refused.err, "nothing was changed: --force does it all the same") || refused.out != "" || limit() != before {
		t.Errorf("got %q on standard error, %q, and a limit of %d, want nothing changed from %d", refused.err, refused.out, limit(), before)
	}
	c.cashtag(t, append([]string{"streams", "apply", "--force"}, smaller...)...).want(t, exitDone, "")
	if got := limit(); got >= before {
		t.Errorf("got a limit of %d after --force, want it lowered from %d", got, before)
	}
	// Larger again loses nothing.
	c.cashtag(t, "streams", "apply").want(t, exitDone, "")
	if got := limit(); got != before {
		t.Errorf("got a limit of %d, want %d", got, before)
	}
}

// What was done before the server refused the rest is said.
func TestStreamsApplyInPart(t *testing.T) {
	t.Parallel()
	c := bareCluster(t)
	_, err := c.client.JS.CreateStream(t.Context(), jetstream.StreamConfig{Name: "RIVAL", Subjects: []string{"quotes.iex.>"}})
	if err != nil {
		t.Fatal(err)
	}
	got := c.cashtag(t, "streams", "apply")
	got.want(t, exitFailed, "apply stream QUOTES: ")
	if want := "stream TWEETS: create\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
}

func TestStreamsMistakes(t *testing.T) {
	t.Parallel()
	c := bareCluster(t)
	tests := []struct {
		name      string
		args      []string
		complaint string
	}{
		{"replicas", []string{"--replicas", "2"}, "replicas is 2: must be 1, 3 or 5"},
		{"no size", []string{"--total-bytes", "much"}, `--total-bytes is "much": must be a size`},
		{"too small", []string{"--total-bytes", "1MB"}, "must be at least 64 MiB"},
		{"too large", []string{"--total-bytes", "16EB"}, "--total-bytes is \"16EB\""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, verb := range []string{"apply", "diff"} {
				c.cashtag(t, append([]string{"streams", verb}, test.args...)...).want(t, exitUsage, test.complaint)
			}
		})
	}
}

func TestStreamsLs(t *testing.T) {
	t.Parallel()
	c := bareCluster(t)
	none := c.cashtag(t, "streams", "ls")
	none.want(t, exitDone, "not there: TWEETS, QUOTES,")
	if none.out != "" {
		t.Errorf("got %q, want no table", none.out)
	}
	another, err := c.client.JS.CreateStream(t.Context(), jetstream.StreamConfig{Name: "ANOTHER", Subjects: []string{"another.>", "one"}})
	if err != nil {
		t.Fatal(err)
	}
	c.publishRaw(t, "one", "gone soon")
	if err := another.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.cashtag(t, "streams", "apply").want(t, exitDone, "")
	c.publish(t, sinktest.Tweet(1), sinktest.Tweet(2))

	got := c.cashtag(t, "streams", "ls")
	got.want(t, exitDone, "")
	var names []string
	for line := range strings.Lines(got.out) {
		names = append(names, strings.Fields(line)[0])
	}
	want := slices.Concat([]string{"STREAM"}, streams.StreamNames(), []string{"ANOTHER", "KV_blocks", "KV_checkpoints", "KV_config", "KV_flags", "KV_latest"})
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	row := got.row(t, "TWEETS")
	if row[1] != "2" || row[6] != "0%" || row[7] == "-" || row[len(row)-1] != "tweets.>" {
		t.Errorf("got %v, want 2 events, 0%% full, times, and tweets.>", row)
	}
	row = got.row(t, "ANOTHER")
	if text := strings.Join(row[1:], " "); text != "0 0 B unlimited - - - another.>, one" {
		t.Errorf("got %q, want an empty stream without limits", text)
	}
}
