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

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/merge"
	"cashtag/streams/streamstest"
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

type rig struct {
	*streamstest.Server

	gate *streamstest.Switch
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return &rig{streamstest.Start(t), streamstest.NewSwitch(true)}
}

func (r *rig) reader(t *testing.T, handler merge.Handler) *merge.Reader {
	t.Helper()
	cfg := merge.DefaultConfig()
	cfg.Service, cfg.Streams, cfg.Output = "features", []string{streams.Tweets, streams.Market}, streams.Logs
	cfg.Poll, cfg.CommitPause, cfg.CommitEvents = 2*time.Millisecond, 0, 7
	reader, err := merge.New(r.Client, r.Publisher, handler, r.gate, slog.New(slog.DiscardHandler), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return reader
}

// run runs a reader until the function it returns is called.
func run(t *testing.T, reader *merge.Reader) (stop func()) {
	t.Helper()
	running := streamstest.Run(t, reader.Run)
	return func() {
		if err := running.Stop(t); err != nil {
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

func flush(t *testing.T, reader *merge.Reader, stream string, upTo uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), streamstest.Patience)
	defer cancel()
	if err := reader.Flush(ctx, stream, upTo); err != nil {
		t.Fatal(err)
	}
}
