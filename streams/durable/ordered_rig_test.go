package durable_test

import (
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
	*streamstest.Running

	client *streams.Client
	flag   *streamstest.Switch
}

func long(c *durable.Config)  { c.Takeover = time.Hour }
func alone(c *durable.Config) { c.Alone = true }

func (r *rig) work(t *testing.T, sink durable.Sink, opts ...func(*durable.Config)) *orderedWorker {
	t.Helper()
	cfg := durable.DefaultConfig(ordered)
	cfg.Takeover = time.Second
	cfg.MinBackoff, cfg.MaxBackoff = 5*time.Millisecond, 20*time.Millisecond
	cfg.MaxBatch = 100
	for _, opt := range opts {
		opt(&cfg)
	}
	client, flag := streamstest.Connect(t, r.Server), streamstest.NewSwitch(true)
	runner, err := durable.New(client, r.Publisher, sink, flag, slog.New(slog.NewTextHandler(t.Output(), nil)), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &orderedWorker{runner, streamstest.Run(t, runner.Run), client, flag}
}

// stop ends the worker in good order.
func (w *orderedWorker) stop(t *testing.T) {
	t.Helper()
	if err := w.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
}

// kill ends the worker as a crash does: nothing it does reaches the server.
func (w *orderedWorker) kill(t *testing.T) {
	t.Helper()
	w.client.Conn.Close()
	w.stop(t)
}

func (r *rig) consumer(t *testing.T) *jetstream.ConsumerInfo {
	t.Helper()
	consumer, err := r.Client.JS.Consumer(t.Context(), ordered.Stream, ordered.Service)
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
	streamstest.Eventually(t, "delivery", func() bool { return r.consumer(t).Delivered.Stream == sequence })
}

func (r *rig) floor(t *testing.T, sequence uint64) {
	t.Helper()
	streamstest.Eventually(t, "floor", func() bool { return r.consumer(t).AckFloor.Stream == sequence })
}

func (r *rig) erase(t *testing.T, sequence uint64) {
	t.Helper()
	stream, err := r.Client.JS.Stream(t.Context(), ordered.Stream)
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
	bucket, err := r.Client.JS.KeyValue(t.Context(), streams.BucketBlocks)
	if err != nil {
		t.Fatal(err)
	}
	streamstest.Eventually(t, "the lease", func() bool {
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
	streamstest.Eventually(t, "everything stored", func() bool { return len(far.stored(t)) >= len(want) })
	if got := far.stored(t); !slices.Equal(got, want) {
		t.Errorf("stored: got %d, %q, want %d, %q", len(got), got, len(want), want)
	}
}
