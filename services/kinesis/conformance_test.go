package kinesis_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"cashtag/embedded/kinesisd"
	"cashtag/embedded/kinesisd/kinesisdtest"
	"cashtag/services/kinesis"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"
)

const kinesisStream = "cashtag-tweets"

// open starts a stand-in with four shards.
func open(t *testing.T) sinktest.FarEnd {
	server := kinesisdtest.Start(t)
	fresh := func(t *testing.T) durable.Sink {
		sink := newSink(t, server.Endpoint(), create, func(cfg *kinesis.Config) { cfg.Shards = 4 })
		if err := sink.Ensure(t.Context()); err != nil {
			t.Fatalf("ensure: %v", err)
		}
		return sink
	}
	return sinktest.FarEnd{
		Sink:    fresh(t),
		Reopen:  fresh,
		Stored:  func(t *testing.T) []string { return storedIDs(t, server) },
		Ordered: true,
		Repeats: true,
		Outage: func(_ *testing.T, on bool) {
			var faults kinesisd.Faults
			if on {
				faults.Call = func(string) (int, string) { return 503, "ServiceUnavailable" }
			}
			server.SetFaults(faults)
		},
	}
}

func storedIDs(t *testing.T, server *kinesisd.Server) []string {
	t.Helper()
	stored, err := server.Records(t.Context(), kinesisStream)
	if err != nil {
		t.Fatalf("read records: %v", err)
	}
	ids := make([]string, len(stored))
	for i, r := range stored {
		var event struct{ ID, Subject string }
		if err := json.Unmarshal(r.Data, &event); err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
		if r.PartitionKey != event.Subject {
			t.Errorf("record %d: got partition key %q, want %q", i, r.PartitionKey, event.Subject)
		}
		ids[i] = event.ID
	}
	return ids
}

func TestConformance(t *testing.T) {
	t.Parallel()
	sinktest.Run(t, sinktest.Suite{
		Consumer: streams.Consumer{Service: streams.ServiceKinesis, Stream: streams.Tweets, Ordered: true},
		Open:     open,
		Poison:   bytes.Repeat([]byte("a"), kinesis.MaxRecordBytes+1),
	})
}

// TestThrottledShards writes more than a shard takes in a second, again and again
// as the engine would, until everything is stored.
func TestThrottledShards(t *testing.T) {
	t.Parallel()
	server := kinesisdtest.Start(t, func(cfg *kinesisd.Config) { cfg.EnforceShardLimits = true })
	sink := newSink(t, server.Endpoint(), create)
	if err := sink.Ensure(t.Context()); err != nil {
		t.Fatalf("ensure: %v", err)
	}
	batch := messages(1400, 10)
	throttledOnce := false
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for todo := batch; len(todo) > 0; {
		errs := sink.Write(t.Context(), todo)
		todo = failedAndBehind(todo, errs)
		throttledOnce = throttledOnce || len(todo) > 0
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("the test ended first")
		}
	}
	if !throttledOnce {
		t.Error("got no failure, want the shard to refuse what is over its limit")
	}
	stored, err := server.Records(t.Context(), kinesisStream)
	if err != nil {
		t.Fatalf("read records: %v", err)
	}
	want, last := map[string][]string{}, map[string]map[string]int{}
	for _, m := range batch {
		want[m.Key] = append(want[m.Key], string(m.Data))
		last[m.Key] = map[string]int{}
	}
	for i, r := range stored {
		last[r.PartitionKey][string(r.Data)] = i
	}
	for key := range want {
		var places []int
		for _, data := range want[key] {
			place, ok := last[key][data]
			if !ok {
				t.Fatalf("%s: got no record %.20q", key, data)
			}
			places = append(places, place)
		}
		if !slices.IsSorted(places) {
			t.Errorf("%s: the last copies of its records are out of order", key)
		}
	}
}

// failedAndBehind is what the engine writes again: what failed, and what stands
// behind it under the same key.
func failedAndBehind(batch []durable.Message, errs []error) []durable.Message {
	var todo []durable.Message
	behind := map[string]bool{}
	for i, m := range batch {
		if (errs != nil && errs[i] != nil) || behind[m.Key] {
			behind[m.Key] = true
			todo = append(todo, m)
		}
	}
	return todo
}
