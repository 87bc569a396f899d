package durable_test

import (
	"encoding/json"
	"testing"
	"time"

	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go/jetstream"
)

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
			streamstest.Eventually(t, "standby", func() bool { return standby.Stats().State == durable.StateStandby })
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
			streamstest.Eventually(t, "paused", func() bool { return w.Stats().State == durable.StatePaused })
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
	pinned, err := r.Client.JS.CreateConsumer(t.Context(), ordered.Stream, jetstream.ConsumerConfig{
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
	bucket, err := r.Client.JS.KeyValue(t.Context(), streams.BucketBlocks)
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
	streamstest.Eventually(t, "standby", func() bool { return w.Stats().State == durable.StateStandby })
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
