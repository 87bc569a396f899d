package merge_test

import (
	"context"
	"encoding/json"
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
	"cashtag/streams/merge"
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
