package kinesis_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"sync/atomic"
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
// as the engine would, until everything is stored. A second passes between two
// tries, by the clock of the stand-in.
func TestThrottledShards(t *testing.T) {
	t.Parallel()
	var seconds atomic.Int64
	server := kinesisdtest.Start(t, func(cfg *kinesisd.Config) {
		cfg.EnforceShardLimits = true
		cfg.Now = func() time.Time { return time.Unix(seconds.Load(), 0) }
	})
	sink := newSink(t, server.Endpoint(), create)
	if err := sink.Ensure(t.Context()); err != nil {
		t.Fatalf("ensure: %v", err)
	}
	batch := messages(2400, 10)
	for todo := batch; len(todo) > 0; seconds.Add(1) {
		if seconds.Load() > 60 {
			t.Fatalf("got %d messages still to write after 60 tries, want none", len(todo))
		}
		todo = failedAndBehind(todo, sink.Write(t.Context(), todo))
	}
	if got := seconds.Load(); got < 3 {
		t.Errorf("got everything stored by %d writes, want at least 3 of what a shard takes in a second", got)
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
