package streams_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/natsd/natsdtest"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

func topology(tb testing.TB) streams.Topology {
	tb.Helper()
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		tb.Fatalf("topology: %v", err)
	}
	return topology
}

// tweetsConfig is where a test changes the stream TWEETS of a topology.
func tweetsConfig(topology streams.Topology) *jetstream.StreamConfig { return &topology.Streams[0] }

func apply(tb testing.TB, client *streams.Client, topology streams.Topology, force bool) []streams.Change {
	tb.Helper()
	changes, err := streams.Apply(tb.Context(), client, topology, force)
	if err != nil {
		tb.Fatalf("apply: %v", err)
	}
	return changes
}

func diff(tb testing.TB, client *streams.Client, topology streams.Topology) string {
	tb.Helper()
	changes, err := streams.Diff(tb.Context(), client, topology)
	if err != nil {
		tb.Fatalf("diff: %v", err)
	}
	return lines(changes)
}

func lines(changes []streams.Change) string {
	text := make([]string, len(changes))
	for i, change := range changes {
		text[i] = change.String()
	}
	return strings.Join(text, "\n")
}

func TestApplyToAFreshServer(t *testing.T) {
	client := inProcess(t, natsdtest.Start(t))
	want := topology(t)
	if _, err := client.JS.CreateStream(t.Context(), jetstream.StreamConfig{Name: "FOREIGN", Subjects: []string{"foreign.>"}}); err != nil {
		t.Fatalf("create foreign stream: %v", err)
	}
	all := len(want.Streams) + len(want.Buckets)
	changes := apply(t, client, want, false)
	if got := strings.Count(lines(changes), ": create"); len(changes) != all || got != all {
		t.Errorf("first apply: got %d changes, want %d to create:\n%s", len(changes), all, lines(changes))
	}
	if got := diff(t, client, want); got != "" {
		t.Errorf("diff after apply: got %s, want none", got)
	}
	if got := apply(t, client, want, false); len(got) != 0 {
		t.Errorf("second apply: got %s, want nothing", lines(got))
	}
	if _, err := client.JS.Stream(t.Context(), "FOREIGN"); err != nil {
		t.Errorf("foreign stream: %v", err)
	}
}

// A bucket that Apply created is the one that the client's own call creates.
func TestApplyMakesBucketsAsTheClientDoes(t *testing.T) {
	client := inProcess(t, natsdtest.Start(t))
	want := topology(t)
	want.Buckets = append(want.Buckets, jetstream.KeyValueConfig{
		Bucket: "all", Description: "every setting", History: 3, MaxBytes: 1 << 20, MaxValueSize: 1000,
		TTL: time.Minute, Compression: true, LimitMarkerTTL: 2 * time.Second, Metadata: map[string]string{"a": "b"},
	})
	for _, config := range want.Buckets {
		if _, err := client.JS.CreateKeyValue(t.Context(), config); err != nil {
			t.Fatalf("create bucket %s: %v", config.Bucket, err)
		}
	}
	want.Streams = nil
	if got := diff(t, client, want); got != "" {
		t.Errorf("got %s, want no difference", got)
	}
}

// Every setting that somebody changed by hand shows, and Apply puts it right.
func TestApplyMendsDrift(t *testing.T) {
	cases := []struct {
		name   string
		change func(*jetstream.StreamConfig)
		want   string
	}{
		{"other description", func(c *jetstream.StreamConfig) { c.Description = "x" }, `description "x" -> "one post, by source and ticker"`},
		{"fewer subjects", func(c *jetstream.StreamConfig) { c.Subjects = []string{"tweets.x.>", "tweets.*"} }, "subjects tweets.x.>,tweets.* -> tweets.>"},
		{"smaller", func(c *jetstream.StreamConfig) { c.MaxBytes = 1 << 20 }, "max bytes 1048576 -> 416074870"},
		{"shorter", func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour }, "max age 1h0m0s -> 720h0m0s"},
		{"fewer messages", func(c *jetstream.StreamConfig) { c.MaxMsgs = 10 }, "max msgs 10 -> unlimited"},
		{"fewer messages a subject", func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 10 }, "max msgs per subject 10 -> unlimited"},
		{"larger messages", func(c *jetstream.StreamConfig) { c.MaxMsgSize = -1 }, "max msg size unlimited -> 1114112"},
		{"other discard", func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardNew }, "discard DiscardNew -> DiscardOld"},
		{"no compression", func(c *jetstream.StreamConfig) { c.Compression = jetstream.NoCompression }, "compression None -> S2"},
		{"another window", func(c *jetstream.StreamConfig) { c.Duplicates = time.Second }, "duplicate window 1s -> 2m0s"},
		{"no atomic batches", func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false }, "allow atomic false -> true"},
		{"no direct get", func(c *jetstream.StreamConfig) { c.AllowDirect = false }, "allow direct false -> true"},
		{"no acknowledgement", func(c *jetstream.StreamConfig) { c.NoAck = true }, "no ack true -> false"},
		{"republished", func(c *jetstream.StreamConfig) { c.RePublish = &jetstream.RePublish{Destination: "copy.>"} }, `republish {"src":"\u003e","dest":"copy.\u003e"} -> none`},
		{"one consumer", func(c *jetstream.StreamConfig) { c.MaxConsumers = 1 }, "max consumers 1 -> unlimited"},
		{"interest", func(c *jetstream.StreamConfig) { c.Retention = jetstream.InterestPolicy }, "retention Interest -> Limits"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client := inProcess(t, natsdtest.Start(t))
			drifted := topology(t)
			c.change(tweetsConfig(drifted))
			apply(t, client, drifted, false)
			want := topology(t)
			if got, want := diff(t, client, want), "stream TWEETS: "+c.want; got != want {
				t.Errorf("diff: got %q, want %q", got, want)
			}
			apply(t, client, want, false)
			if got := diff(t, client, want); got != "" {
				t.Errorf("diff after apply: got %q, want none", got)
			}
		})
	}
}

func TestApplyLeavesTheOperatorsSettings(t *testing.T) {
	client := inProcess(t, natsdtest.Start(t))
	theirs := topology(t)
	tweetsConfig(theirs).Metadata = map[string]string{"team": "data"}
	tweetsConfig(theirs).Description = "x"
	apply(t, client, theirs, false)
	if got := diff(t, client, theirs); got != "" {
		t.Errorf("diff with metadata of its own: got %q, want none", got)
	}
	apply(t, client, topology(t), false)
	stream, err := client.JS.Stream(t.Context(), streams.Tweets)
	if err != nil {
		t.Fatalf("stream: %v", err)
	}
	if got, want := stream.CachedInfo().Config.Metadata["team"], "data"; got != want {
		t.Errorf("metadata: got %q, want %q", got, want)
	}
}

func TestApplyRefusesToLoseData(t *testing.T) {
	cases := []struct {
		name string
		// before is what the server has; the topology is the default changed by after.
		before, after func(*jetstream.StreamConfig)
		want          string
		kept          uint64 // of one message, once it is forced
	}{
		{
			"narrowed subjects", func(c *jetstream.StreamConfig) { c.Subjects = []string{"tweets.>", "posts.*"} },
			nil, "subjects tweets.>,posts.* -> tweets.> (loses data)", 1,
		},
		{
			"narrowed to a part", nil,
			func(c *jetstream.StreamConfig) { c.Subjects = []string{"tweets.x.*", "tweets.bluesky.>"} },
			"subjects tweets.> -> tweets.x.*,tweets.bluesky.> (loses data)", 1,
		},
		{
			"lowered bytes", func(c *jetstream.StreamConfig) { c.MaxBytes = 1 << 30 },
			nil, "max bytes 1073741824 -> 416074870 (loses data)", 1,
		},
		{
			"limited bytes", func(c *jetstream.StreamConfig) { c.MaxBytes = -1 },
			nil, "max bytes unlimited -> 416074870 (loses data)", 1,
		},
		{
			"lowered age", func(c *jetstream.StreamConfig) { c.MaxAge = 1000 * time.Hour },
			nil, "max age 1000h0m0s -> 720h0m0s (loses data)", 1,
		},
		{
			"limited age", func(c *jetstream.StreamConfig) { c.MaxAge = 0 },
			nil, "max age unlimited -> 720h0m0s (loses data)", 1,
		},
		{
			"lowered messages", nil,
			func(c *jetstream.StreamConfig) { c.MaxMsgs = 5 }, "max msgs unlimited -> 5 (loses data)", 1,
		},
		{
			"lowered messages a subject", nil,
			func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 5 }, "max msgs per subject unlimited -> 5 (loses data)", 1,
		},
		{
			"retention", nil,
			func(c *jetstream.StreamConfig) { c.Retention = jetstream.InterestPolicy }, "retention Limits -> Interest (loses data)", 0, // nobody reads it
		},
		{
			"retention from work queue", func(c *jetstream.StreamConfig) { c.Retention = jetstream.WorkQueuePolicy },
			nil, "retention WorkQueue -> Limits: delete and make anew (loses data)", 0,
		},
		{
			"storage", func(c *jetstream.StreamConfig) { c.Storage, c.MaxBytes = jetstream.MemoryStorage, 1<<20 },
			nil, "storage Memory -> File: delete and make anew (loses data)", 0,
		},
		{
			"persist mode", func(c *jetstream.StreamConfig) {
				c.PersistMode, c.AllowAtomicPublish = jetstream.AsyncPersistMode, false
			},
			func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false },
			"persist mode Async -> Default: delete and make anew (loses data)", 0,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client := inProcess(t, natsdtest.Start(t))
			before, after := topology(t), topology(t)
			if c.before != nil {
				c.before(tweetsConfig(before))
			}
			if c.after != nil {
				c.after(tweetsConfig(after))
			}
			// A harmless change beside it must not be made either.
			before.Streams[1].Description = "old"
			apply(t, client, before, false)
			publisher := newPublisher(t, client, nil)
			if err := publisher.Publish(t.Context(), tweet("1")); err != nil {
				t.Fatalf("publish: %v", err)
			}

			changes, err := streams.Apply(t.Context(), client, after, false)
			line := "stream TWEETS: " + c.want
			if want := "apply streams: would lose data: " + line + ": nothing was changed"; fmt.Sprint(err) != want {
				t.Errorf("apply: got %q, want %q", err, want)
			}
			if !errors.Is(err, streams.ErrWouldLose) || len(changes) != 0 {
				t.Errorf("apply: got %v and %v, want %v and no changes", changes, err, streams.ErrWouldLose)
			}
			if got := diff(t, client, before); got != "" {
				t.Errorf("after the refusal: got %q changed, want nothing", got)
			}

			if got := lines(apply(t, client, after, true)); !strings.Contains(got, line) {
				t.Errorf("forced apply: got %q, want it to say %q", got, line)
			}
			if got := diff(t, client, after); got != "" {
				t.Errorf("diff after the forced apply: got %q, want none", got)
			}
			if got := stored(t, client); got != c.kept {
				t.Errorf("messages after the forced apply: got %d, want %d", got, c.kept)
			}
		})
	}
}

func TestApplyRefusesToLoseABucket(t *testing.T) {
	client := inProcess(t, natsdtest.Start(t))
	before := topology(t)
	before.Buckets[2].History = 10
	apply(t, client, before, false)
	_, err := streams.Apply(t.Context(), client, topology(t), false)
	want := "apply streams: would lose data: bucket blocks: max msgs per subject 10 -> 1 (loses data): nothing was changed"
	if fmt.Sprint(err) != want || !errors.Is(err, streams.ErrWouldLose) {
		t.Errorf("apply: got %q, want %q", err, want)
	}
	apply(t, client, topology(t), true)
	if got := diff(t, client, topology(t)); got != "" {
		t.Errorf("diff after the forced apply: got %q, want none", got)
	}
}

func TestApplyNamesARival(t *testing.T) {
	client := inProcess(t, natsdtest.Start(t))
	if _, err := client.JS.CreateStream(t.Context(), jetstream.StreamConfig{Name: "RIVAL", Subjects: []string{"quotes.iex.*"}}); err != nil {
		t.Fatalf("create rival: %v", err)
	}
	changes, err := streams.Apply(t.Context(), client, topology(t), false)
	if err == nil || !strings.Contains(err.Error(), "apply stream QUOTES: ") || !strings.Contains(err.Error(), "stream RIVAL of this server keeps quotes.>") {
		t.Errorf("got %v, want it to name QUOTES and RIVAL", err)
	}
	if got, want := lines(changes), "stream TWEETS: create"; got != want {
		t.Errorf("changes before the error: got %q, want %q", got, want)
	}
}
