package merge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/merge"

	"github.com/nats-io/nats.go/jetstream"
)

var start = time.Date(2026, 8, 24, 14, 0, 0, 0, time.UTC)

// tally remembers the ids of all events and makes a log event of every tenth.
type tally struct {
	mu     sync.Mutex
	ids    []string
	made   int
	refuse error
}

func (h *tally) Restore(snapshot []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids, h.made = nil, 0
	if snapshot == nil {
		return h.refuse
	}
	if err := json.Unmarshal(snapshot, &h.ids); err != nil {
		return err
	}
	h.made = len(h.ids) / 10
	return h.refuse
}

func (h *tally) Apply(item merge.Item) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids = append(h.ids, item.Event.ID)
}

func (*tally) Waits() bool { return false }
func (*tally) GiveUp()     {}

func (h *tally) Due() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.ids)/10 > h.made
}

func (h *tally) Commit(context.Context) ([]byte, []schemas.Event, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var events []schemas.Event
	for ; h.made < len(h.ids)/10; h.made++ {
		events = append(events, schemas.New(fmt.Sprintf("made-%d", h.made), "/test", "test", start,
			&schemas.Log{Service: "test", Level: schemas.LevelInfo, Message: strings.Join(h.ids[h.made*10:h.made*10+10], " ")}))
	}
	snapshot, err := json.Marshal(h.ids)
	return snapshot, events, err
}

func (h *tally) seen() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.ids...)
}

// gate is on or off.
type gate struct {
	mu      sync.Mutex
	off     bool
	changed chan struct{}
}

func (g *gate) On() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.off
}

func (g *gate) Changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed
}

func (g *gate) set(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.off = !on
	close(g.changed)
	g.changed = make(chan struct{})
}

type rig struct {
	server    *natsd.Server
	client    *streams.Client
	publisher *streams.Publisher
	gate      *gate
}

func newRig(t *testing.T) *rig {
	t.Helper()
	server := natsdtest.Start(t, func(c *natsd.Config) { c.SyncAlways = false })
	conn, err := server.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	r := &rig{server: server, gate: &gate{changed: make(chan struct{})}}
	if r.client, err = streams.NewClient(conn); err != nil {
		t.Fatal(err)
	}
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := streams.Apply(t.Context(), r.client, topology, false); err != nil {
		t.Fatal(err)
	}
	if r.publisher, err = streams.NewPublisher(r.client, streams.DefaultPublisherConfig()); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) reader(t *testing.T, handler merge.Handler) *merge.Reader {
	t.Helper()
	cfg := merge.DefaultConfig()
	cfg.Service, cfg.Streams, cfg.Output = "features", []string{streams.Tweets, streams.Market}, streams.Logs
	cfg.Poll, cfg.CommitPause, cfg.CommitEvents = 2*time.Millisecond, 0, 7
	reader, err := merge.New(r.client, r.publisher, handler, r.gate, slog.New(slog.DiscardHandler), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return reader
}

// run runs a reader until the function it returns is called.
func run(t *testing.T, reader *merge.Reader) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- reader.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	}
}

func post(n int, at time.Time) schemas.Event {
	id := fmt.Sprintf("t%03d", n)
	return schemas.New(id, schemas.SourceX, "AAPL", at, &schemas.Tweet{
		Platform: "x", PostID: id, CreatedAt: at, Tickers: []string{"AAPL"}, Cashtags: []string{}, Author: schemas.Author{ID: "1"},
	})
}

func tick(n int, at time.Time) schemas.Event {
	return schemas.New(fmt.Sprintf("m%03d", n), schemas.SourceXNYS, "XNYS", at, &schemas.Clock{MIC: "XNYS"})
}

func (r *rig) publish(t *testing.T, events ...schemas.Event) {
	t.Helper()
	if err := r.publisher.Publish(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
}

func flush(t *testing.T, reader *merge.Reader, stream string, upTo uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := reader.Flush(ctx, stream, upTo); err != nil {
		t.Fatal(err)
	}
}

func TestStreamsAreReadInOrderOfTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var want []string
	for n := range 40 {
		at := start.Add(time.Duration(n) * time.Minute)
		r.publish(t, tick(n, at), post(n, at))
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
	logs, err := r.client.JS.Stream(t.Context(), streams.Logs)
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
	r.publish(t, post(40, start.Add(time.Hour)))
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
	r.gate.set(false)
	handler := &tally{}
	reader := r.reader(t, handler)
	defer run(t, reader)()
	r.publish(t, post(1, start))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for reader.Stats().State != durable.StatePaused {
		if err := r.client.Conn.FlushWithContext(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := reader.Flush(t.Context(), streams.Tweets, 1); !errors.Is(err, durable.ErrOff) {
		t.Errorf("flush while off: got %v, want %v", err, durable.ErrOff)
	}
	if got := handler.seen(); len(got) != 0 {
		t.Errorf("while off: got %v, want nothing", got)
	}
	r.gate.set(true)
	flush(t, reader, streams.Tweets, 1)
	if got := handler.seen(); len(got) != 1 {
		t.Errorf("on again: got %v, want one event", got)
	}
}

// A stream that was made anew has other events under the same sequences.
func TestAStreamMadeAnewIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.publish(t, post(1, start), post(2, start))
	reader := r.reader(t, &tally{})
	stop := run(t, reader)
	flush(t, reader, streams.Tweets, 2)
	stop()
	stream, err := r.client.JS.Stream(t.Context(), streams.Tweets)
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	if err := r.client.JS.DeleteStream(t.Context(), streams.Tweets); err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.JS.CreateStream(t.Context(), config); err != nil {
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
	r.publish(t, post(1, start))
	reader := r.reader(t, &tally{})
	stop := run(t, reader)
	flush(t, reader, streams.Tweets, 1)
	stop()
	r.publish(t, post(2, start), post(3, start), post(4, start))
	stream, err := r.client.JS.Stream(t.Context(), streams.Tweets)
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
	logs, err := r.client.JS.Stream(t.Context(), streams.Logs)
	if err != nil {
		t.Fatal(err)
	}
	config := logs.CachedInfo().Config
	config.Duplicates = 100 * time.Millisecond
	if _, err := r.client.JS.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	for n := range 10 {
		r.publish(t, post(n, start))
	}
	reader := r.reader(t, &tally{})
	stop := run(t, reader)
	flush(t, reader, streams.Tweets, 10)
	stop()
	again := post(99, start)
	for seen := uint64(1); seen < 3; { // until the stream takes an id again
		probe := schemas.New("probe", "/test", "test", start, &schemas.Log{Service: "test", Level: schemas.LevelInfo, Message: "probe"})
		r.publish(t, probe)
		info, err := logs.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen = info.State.Msgs
	}
	r.publish(t, again)
	second := r.reader(t, &tally{})
	stop = run(t, second)
	flush(t, second, streams.Tweets, 11)
	stop()
	if info, err := logs.Info(t.Context()); err != nil || info.State.Msgs != 3 {
		t.Errorf("events in the output: got %+v, %v, want the one and two probes", info.State, err)
	}
}
