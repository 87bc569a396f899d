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

	"github.com/nats-io/nats.go/jetstream"
)

// orderedWorker is one running engine with a connection and a flag of its own.
type orderedWorker struct {
	*durable.Runner
	client *streams.Client
	flag   *sinktest.Switch
	cancel context.CancelFunc
	done   chan error
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
	w := &orderedWorker{client: client, flag: sinktest.NewSwitch(true), done: make(chan error, 1)}
	if w.Runner, err = durable.New(client, r.publisher, sink, w.flag, slog.New(slog.NewTextHandler(t.Output(), nil)), cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	go func() { w.done <- w.Run(ctx) }()
	t.Cleanup(cancel)
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

// A message that is erased while it is in hand takes the durable's floor past those
// before it, which are not stored.
func TestErasedMessageTakesNothingWithIt(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		after func(t *testing.T, r *rig, far *store, w *orderedWorker)
	}{
		{"killed and started again", func(t *testing.T, r *rig, far *store, w *orderedWorker) {
			t.Helper()
			w.kill(t)
			far.outage(t, false)
			r.work(t, logSink{far}, long, alone)
		}},
		{"killed with a standby", func(t *testing.T, r *rig, far *store, w *orderedWorker) {
			t.Helper()
			standby := r.work(t, logSink{far})
			eventually(t, "standby", func() bool { return standby.Stats().State == durable.StateStandby })
			w.kill(t)
			far.outage(t, false)
		}},
		{"stopped in good order", func(t *testing.T, r *rig, far *store, w *orderedWorker) {
			t.Helper()
			w.stop(t)
			far.outage(t, false)
			r.work(t, logSink{far}, long)
		}},
		{"off and on", func(t *testing.T, _ *rig, far *store, w *orderedWorker) {
			t.Helper()
			w.flag.Set(false)
			eventually(t, "paused", func() bool { return w.Stats().State == durable.StatePaused })
			far.outage(t, false)
			w.flag.Set(true)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, far := newRig(t), newStore()
			r.publish(t, 0, 50)
			w := r.work(t, logSink{far})
			r.floor(t, 50)
			r.recorded(t, 50)
			far.outage(t, true)
			r.publish(t, 50, 90)
			r.delivered(t, 90)
			r.erase(t, 90)
			r.floor(t, 90)
			c.after(t, r, far, w)
			r.publish(t, 90, 100)
			// The batch in hand of a worker that goes on may have what was erased.
			wantStored(t, far, ids(0, 100, 89))
		})
	}
}

// What was settled is not stored again because its last message was erased later.
func TestErasedFloorRepeatsNothing(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*orderedWorker, *testing.T){
		"killed": (*orderedWorker).kill, "stopped": (*orderedWorker).stop,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, far := newRig(t), newStore()
			r.publish(t, 0, 50)
			w := r.work(t, logSink{far})
			r.floor(t, 50)
			r.recorded(t, 50)
			end(w, t)
			r.erase(t, 50)
			r.publish(t, 50, 60)
			r.work(t, logSink{far}, alone)
			wantStored(t, far, ids(0, 60))
		})
	}
}

// The floor is believed where the lease is behind it and its message is there.
func TestFloorAheadOfTheLease(t *testing.T) {
	t.Parallel()
	r, far := newRig(t), newStore()
	r.publish(t, 0, 50)
	w := r.work(t, logSink{far}, long) // writes its lease, but for a beat of its own, every second
	r.floor(t, 50)
	w.kill(t)
	r.publish(t, 50, 60)
	r.work(t, logSink{far}, long, alone)
	wantStored(t, far, ids(0, 60))
}

func TestPinnedDurableIsTakenOver(t *testing.T) {
	t.Parallel()
	r, far := newRig(t), newStore()
	r.publish(t, 0, 50)
	pinned, err := r.client.JS.CreateConsumer(t.Context(), ordered.Stream, jetstream.ConsumerConfig{
		Durable: ordered.Service, AckPolicy: jetstream.AckAllPolicy, MaxWaiting: 64, MaxDeliver: -1,
		PriorityPolicy: jetstream.PriorityPolicyPinned, PriorityGroups: []string{"worker"}, PinnedTTL: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := pinned.Fetch(30, jetstream.FetchPriorityGroup("worker"))
	if err != nil {
		t.Fatal(err)
	}
	var got []jetstream.Msg
	for msg := range batch.Messages() {
		got = append(got, msg)
	}
	if err := got[19].DoubleAck(t.Context()); err != nil { // 10 stay in hand
		t.Fatal(err)
	}
	r.work(t, logSink{far}, long)
	wantStored(t, far, ids(20, 50))
	r.floor(t, 50)
	if cfg := r.consumer(t).Config; cfg.PriorityPolicy != jetstream.PriorityPolicyNone || len(cfg.PriorityGroups) != 0 {
		t.Errorf("durable: got policy %v of groups %q, want none", cfg.PriorityPolicy, cfg.PriorityGroups)
	}
}

// A worker that was replaced finds out before it writes again.
func TestReplacedWorkerWritesNothing(t *testing.T) {
	t.Parallel()
	r, far := newRig(t), newStore()
	r.publish(t, 0, 50)
	w := r.work(t, logSink{far})
	r.floor(t, 50)
	bucket, err := r.client.JS.KeyValue(t.Context(), streams.BucketBlocks)
	if err != nil {
		t.Fatal(err)
	}
	entry, err := bucket.Get(t.Context(), ordered.LeaseKey())
	if err != nil {
		t.Fatal(err)
	}
	var lease map[string]any
	if err := json.Unmarshal(entry.Value(), &lease); err != nil {
		t.Fatal(err)
	}
	lease["worker"] = "another"
	value, err := json.Marshal(lease)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Put(t.Context(), ordered.LeaseKey(), value); err != nil {
		t.Fatal(err)
	}
	far.outage(t, true) // what is being tried is not stored
	r.publish(t, 50, 60)
	eventually(t, "standby", func() bool { return w.Stats().State == durable.StateStandby })
	if got := len(far.stored(t)); got != 50 {
		t.Errorf("stored: got %d, want 50", got)
	}
	far.outage(t, false)
	wantStored(t, far, ids(0, 60)) // the other one shows no sign of life
}

func TestAloneWaitsForNobody(t *testing.T) {
	t.Parallel()
	r, far := newRig(t), newStore()
	w := r.work(t, logSink{far}, long)
	r.publish(t, 0, 50)
	r.floor(t, 50)
	w.kill(t)
	r.publish(t, 50, 60)
	second := r.work(t, logSink{far}, long, alone)
	wantStored(t, far, ids(0, 60))
	second.stop(t)
	r.work(t, logSink{far}, long) // one that ended in good order makes nobody wait
	r.publish(t, 60, 70)
	wantStored(t, far, ids(0, 70))
}
