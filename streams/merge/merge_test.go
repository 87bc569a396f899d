package merge_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/merge"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go/jetstream"
)

func TestStreamsAreReadInOrderOfTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var want []string
	for n := range 40 {
		at := start.Add(time.Duration(n) * time.Minute)
		r.Publish(t, tick(n, at), post(n, at))
		want = append(want, fmt.Sprintf("t%03d m%03d", n, n)) // tweets are named first
	}
	handler := &tally{}
	reader := r.reader(t, handler)
	stop := run(t, reader)
	flush(t, reader, streams.Tweets, 40)
	flush(t, reader, streams.Market, 40)
	stop()
	if got := strings.Join(handler.seen(), " "); got != strings.Join(want, " ") {
		t.Errorf("order:\ngot  %s\nwant %s", got, strings.Join(want, " "))
	}
	logs, err := r.Client.JS.Stream(t.Context(), streams.Logs)
	if err != nil {
		t.Fatal(err)
	}
	if got := logs.CachedInfo().State.Msgs; got != 8 {
		t.Errorf("made: got %d events, want 8 of 80", got)
	}
	message, err := logs.GetMsg(t.Context(), 8)
	if err != nil {
		t.Fatal(err)
	}
	if got := message.Header.Get(streams.HeaderPlace); !strings.HasSuffix(got, " TWEETS=40 MARKET=40") {
		t.Errorf("place: got %q, want the positions", got)
	}

	if got := reader.Activity(streams.Market); got.Stored != 40 || got.Batches == 0 || got.LastError != "" {
		t.Errorf("activity: got %+v, want 40 events in some checkpoints", got)
	}
	second := &tally{}
	again := r.reader(t, second)
	stop = run(t, again)
	r.Publish(t, post(40, start.Add(time.Hour)))
	flush(t, again, streams.Tweets, 41)
	stop()
	if got := len(second.seen()); got != 81 {
		t.Errorf("events of the second run: got %d, want 81: its snapshot and one", got)
	}
	if got := again.Stats().Read[streams.Tweets]; got != 1 {
		t.Errorf("read again: got %d tweets, want 1", got)
	}
}

func TestTheFlagStopsReading(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.gate.Set(false)
	handler := &tally{}
	reader := r.reader(t, handler)
	defer run(t, reader)()
	r.Publish(t, post(1, start))
	streamstest.Eventually(t, "paused", func() bool { return reader.Stats().State == durable.StatePaused })
	if err := reader.Flush(t.Context(), streams.Tweets, 1); !errors.Is(err, durable.ErrOff) {
		t.Errorf("flush while off: got %v, want %v", err, durable.ErrOff)
	}
	if got := handler.seen(); len(got) != 0 {
		t.Errorf("while off: got %v, want nothing", got)
	}
	r.gate.Set(true)
	flush(t, reader, streams.Tweets, 1)
	if got := handler.seen(); len(got) != 1 {
		t.Errorf("on again: got %v, want one event", got)
	}
}

// A stream that was made anew has other events under the same sequences.
func TestAStreamMadeAnewIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Publish(t, post(1, start), post(2, start))
	reader := r.reader(t, &tally{})
	stop := run(t, reader)
	flush(t, reader, streams.Tweets, 2)
	stop()
	stream, err := r.Client.JS.Stream(t.Context(), streams.Tweets)
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	if err := r.Client.JS.DeleteStream(t.Context(), streams.Tweets); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Client.JS.CreateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	err = r.reader(t, &tally{}).Run(t.Context())
	if !errors.Is(err, merge.ErrCheckpoint) || !strings.Contains(err.Error(), "stream TWEETS was made anew") {
		t.Errorf("got %v, want %v", err, merge.ErrCheckpoint)
	}
}

func TestARefusedSnapshotEndsTheService(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	refusal := errors.New("of another scorer")
	if err := r.reader(t, &tally{refuse: refusal}).Run(t.Context()); !errors.Is(err, refusal) {
		t.Errorf("got %v, want %v", err, refusal)
	}
}

// Sequences that are gone before they are read are counted.
func TestDroppedSequencesAreMissing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Publish(t, post(1, start))
	reader := r.reader(t, &tally{})
	stop := run(t, reader)
	flush(t, reader, streams.Tweets, 1)
	stop()
	r.Publish(t, post(2, start), post(3, start), post(4, start))
	stream, err := r.Client.JS.Stream(t.Context(), streams.Tweets)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context(), jetstream.WithPurgeSequence(4)); err != nil {
		t.Fatal(err)
	}
	second := r.reader(t, &tally{})
	stop = run(t, second)
	flush(t, second, streams.Tweets, 4)
	stop()
	if got := second.Stats().Missing; got != 2 {
		t.Errorf("missing: got %d, want 2", got)
	}
}

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	good := merge.DefaultConfig()
	good.Service, good.Streams, good.Output = "x", []string{"A"}, "B"
	for name, test := range map[string]struct {
		edit func(*merge.Config)
		want string
	}{
		"good":          {func(*merge.Config) {}, ""},
		"no service":    {func(c *merge.Config) { c.Service = "" }, "service is empty"},
		"no streams":    {func(c *merge.Config) { c.Streams = nil }, "streams are"},
		"no output":     {func(c *merge.Config) { c.Output = "" }, "output is empty"},
		"patience":      {func(c *merge.Config) { c.Patience = time.Hour }, "patience is 1h0m0s"},
		"batch":         {func(c *merge.Config) { c.MaxBatch = 0 }, "max batch is 0"},
		"poll":          {func(c *merge.Config) { c.Poll = 0 }, "poll is 0s"},
		"commit events": {func(c *merge.Config) { c.CommitEvents = 0 }, "commit events is 0"},
		"commit pause":  {func(c *merge.Config) { c.CommitPause = time.Hour }, "commit every 1m0s, pause 1h0m0s"},
		"checkpoint":    {func(c *merge.Config) { c.MaxCheckpoint = 1 }, "max checkpoint is 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := good
			test.edit(&cfg)
			err := cfg.Validate()
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// What a checkpoint holds is not published again, also when the stream has forgotten
// the ids of its messages.
func TestACheckpointIsPublishedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	logs, err := r.Client.JS.Stream(t.Context(), streams.Logs)
	if err != nil {
		t.Fatal(err)
	}
	config := logs.CachedInfo().Config
	config.Duplicates = 100 * time.Millisecond
	if _, err := r.Client.JS.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	for n := range 10 {
		r.Publish(t, post(n, start))
	}
	reader := r.reader(t, &tally{})
	stop := run(t, reader)
	flush(t, reader, streams.Tweets, 10)
	stop()
	again := post(99, start)
	for seen := uint64(1); seen < 3; { // until the stream takes an id again
		probe := schemas.New("probe", "/test", "test", start, &schemas.Log{Service: "test", Level: schemas.LevelInfo, Message: "probe"})
		r.Publish(t, probe)
		info, err := logs.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen = info.State.Msgs
	}
	r.Publish(t, again)
	second := r.reader(t, &tally{})
	stop = run(t, second)
	flush(t, second, streams.Tweets, 11)
	stop()
	if info, err := logs.Info(t.Context()); err != nil || info.State.Msgs != 3 {
		t.Errorf("events in the output: got %+v, %v, want the one and two probes", info.State, err)
	}
}
