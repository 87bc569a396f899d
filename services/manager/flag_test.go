package manager_test

import (
	"testing"
	"time"

	"cashtag/services/manager"
	"cashtag/streams"
	"cashtag/streams/flag"
)

// The flag of the bucket counts within a second, and its revision is in the id.
func TestFlagOfTheBucket(t *testing.T) {
	t.Parallel()
	e := newExchange(t)
	set, err := flag.Open(t.Context(), e.connect(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Close)
	choice, err := set.Choice(flag.Market)
	if err != nil {
		t.Fatal(err)
	}
	now := at(t, "2025-11-26T16:00:00Z")
	m := e.run(t, manager.DefaultConfig(), newWorld(now), choice)
	m.caught(t, now)
	bucket, err := e.client.JS.KeyValue(t.Context(), streams.BucketFlags)
	if err != nil {
		t.Fatal(err)
	}
	publisher := e.publisher(t)
	for i, step := range []struct{ word, id string }{
		{"closed", "XNYS:session:closed:revision-1"},
		{"nonsense", "XNYS:session:closed:revision-1"},
		{"auto", "XNYS:session:opened:revision-3"},
		{"open", "XNYS:session:opened:revision-4"},
		{"", "XNYS:session:opened:revision-5"}, // deleted: the default again
	} {
		began := time.Now()
		if step.word == "" {
			err = bucket.Delete(t.Context(), flag.Market)
		} else {
			_, err = bucket.PutString(t.Context(), flag.Market, step.word)
		}
		if err != nil {
			t.Fatal(err)
		}
		waitFor(t, step.id, func() bool {
			last, _, err := publisher.Last(t.Context(), "market.XNYS.session.>")
			return err == nil && last.ID == step.id
		})
		if took := time.Since(began); took > time.Second {
			t.Errorf("step %d: got %s after %s, want it within a second", i, step.id, took)
		}
	}
}
