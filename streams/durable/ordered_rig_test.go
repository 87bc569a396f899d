package durable_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go/jetstream"
)

// orderedWorker is one running engine with a connection and a flag of its own.
type orderedWorker struct {
	*durable.Runner
	client *streams.Client
	flag   *streamstest.Switch
	cancel context.CancelFunc
	done   chan error // holds what Run returned, and is closed then
}

func long(c *durable.Config)  { c.Takeover = time.Hour }
func alone(c *durable.Config) { c.Alone = true }

func (r *rig) work(t *testing.T, sink durable.Sink, opts ...func(*durable.Config)) *orderedWorker {
	t.Helper()
	conn, err := r.server.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	client, err := streams.NewClient(conn)
	if err != nil {
		t.Fatal(err)
	}
	cfg := durable.DefaultConfig(ordered)
	cfg.Takeover = time.Second
	cfg.MinBackoff, cfg.MaxBackoff = 5*time.Millisecond, 20*time.Millisecond
	cfg.MaxBatch = 100
	for _, opt := range opts {
		opt(&cfg)
	}
	w := &orderedWorker{client: client, flag: streamstest.NewSwitch(true), done: make(chan error, 1)}
	if w.Runner, err = durable.New(client, r.publisher, sink, w.flag, slog.New(slog.NewTextHandler(t.Output(), nil)), cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	go func() {
		defer close(w.done)
		w.done <- w.Run(ctx)
	}()
	t.Cleanup(func() { w.stop(t) }) // its log is the test's
	return w
}

// stop ends the worker in good order.
func (w *orderedWorker) stop(t *testing.T) {
	t.Helper()
	w.cancel()
	select {
	case err := <-w.done:
		if err != nil {
			t.Fatalf("run: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("run does not return")
	}
}

// kill ends the worker as a crash does: nothing it does reaches the server.
func (w *orderedWorker) kill(t *testing.T) {
	t.Helper()
	w.client.Conn.Close()
	w.stop(t)
}

// eventually polls until it is told yes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	timeout := time.After(patience)
	for !yes() {
		select {
		case <-poll.C:
		case <-timeout:
			t.Fatalf("waited %s for: %s", patience, what)
		}
	}
}

func (r *rig) consumer(t *testing.T) *jetstream.ConsumerInfo {
	t.Helper()
	consumer, err := r.client.JS.Consumer(t.Context(), ordered.Stream, ordered.Service)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return &jetstream.ConsumerInfo{}
	}
	if err != nil {
		t.Fatal(err)
	}
	return consumer.CachedInfo()
}

func (r *rig) delivered(t *testing.T, sequence uint64) {
	t.Helper()
	eventually(t, "delivery", func() bool { return r.consumer(t).Delivered.Stream == sequence })
}

func (r *rig) floor(t *testing.T, sequence uint64) {
	t.Helper()
	eventually(t, "floor", func() bool { return r.consumer(t).AckFloor.Stream == sequence })
}

func (r *rig) erase(t *testing.T, sequence uint64) {
	t.Helper()
	stream, err := r.client.JS.Stream(t.Context(), ordered.Stream)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SecureDeleteMsg(t.Context(), sequence); err != nil {
		t.Fatalf("erase %d: %v", sequence, err)
	}
}

// recorded waits until the lease says that all up to a sequence is settled.
func (r *rig) recorded(t *testing.T, sequence uint64) {
	t.Helper()
	bucket, err := r.client.JS.KeyValue(t.Context(), streams.BucketBlocks)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the lease", func() bool {
		entry, err := bucket.Get(t.Context(), ordered.LeaseKey())
		if err != nil {
			return false
		}
		var lease struct{ Floor uint64 }
		return json.Unmarshal(entry.Value(), &lease) == nil && lease.Floor == sequence
	})
}

// ids are those of the tweets from..to-1, but for some.
func ids(from, to int, but ...int) []string {
	var all []string
	for i := from; i < to; i++ {
		if !slices.Contains(but, i) {
			all = append(all, sinktest.Tweet(i).ID)
		}
	}
	return all
}

func wantStored(t *testing.T, far *store, want []string) {
	t.Helper()
	eventually(t, "everything stored", func() bool { return len(far.stored(t)) >= len(want) })
	if got := far.stored(t); !slices.Equal(got, want) {
		t.Errorf("stored: got %d, %q, want %d, %q", len(got), got, len(want), want)
	}
}
