package durable_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"
)

func TestBlocksByCount(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.start(t)
	r.publish(t, 25)
	r.vault.await(t, "1-10", "11-20")
	w.flush(t, 25)
	r.vault.await(t, "1-10", "11-20", "21-25")
	if info := r.info(t); info.AckFloor.Stream != 25 || info.NumAckPending != 0 {
		t.Errorf("floor after a flush: got %d with %d in hand, want 25 with 0", info.AckFloor.Stream, info.NumAckPending)
	}
	r.publish(t, 7) // the block after an early one ends where the full one would have
	r.vault.await(t, "1-10", "11-20", "21-25", "26-30")
	w.flush(t, 32)
	r.vault.await(t, "1-10", "11-20", "21-25", "26-30", "31-32")
	r.vault.holds(t, lines(32))
	if got := w.Stats(); got.Stored != 32 || got.Batches != 5 || got.Missing != 0 || got.Redelivered != 0 {
		t.Errorf("stats: got %+v, want 32 stored in 5 blocks, none missing or redelivered", got)
	}
	w.stop(t)
}

func TestBlocksByAge(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	r.start(t, young(300*time.Millisecond))
	r.publish(t, 4)
	r.vault.await(t, "1-4")
	r.publish(t, 8)
	r.vault.await(t, "1-4", "5-10", "11-12")
}

// What is long stored when it is read is older than any age: it must still fill
// its blocks.
func TestBlocksByAgeWaitUntilCaughtUp(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	r.publish(t, 25)
	r.start(t, young(time.Millisecond))
	r.vault.await(t, "1-10", "11-20", "21-25")
}

func TestBlocksByBytes(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	r.publish(t, 9)
	r.start(t, func(c *durable.BlockConfig) { c.Bytes = uint64(3 * len(line(1))) })
	r.vault.await(t, "1-3", "4-6", "7-9")
}

func TestBlocksFollowTheFlag(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.start(t)
	r.publish(t, 14)
	r.vault.await(t, "1-10")
	r.gate.Set(false)
	w.until(t, durable.StatePaused)
	r.publish(t, 20)
	ctx, cancel := context.WithTimeout(t.Context(), streamstest.Patience)
	defer cancel()
	if err := w.Flush(ctx, 34); !errors.Is(err, durable.ErrOff) {
		t.Errorf("flush while off: got %v, want %v", err, durable.ErrOff)
	}
	if got := w.Stats().State; got != durable.StatePaused {
		t.Errorf("state while off: got %s, want %s", got, durable.StatePaused)
	}
	r.vault.await(t, "1-10")
	r.gate.Set(true)
	w.flush(t, 34)
	r.vault.await(t, "1-10", "11-20", "21-30", "31-34")
	r.vault.holds(t, lines(34))
}

func TestBlocksReleaseAFailingOneWhenTheFlagGoesOff(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	r.vault.hooks(func(durable.Block) error { return errors.New("out of order") }, nil)
	w := r.start(t)
	r.publish(t, 60) // more than a worker has room for
	streamstest.Eventually(t, "retries", func() bool {
		stats := w.Stats()
		return stats.Retries > 1 && stats.State == durable.StateRetrying
	})
	r.gate.Set(false)
	w.until(t, durable.StatePaused)
	r.vault.hooks(nil, nil)
	r.gate.Set(true)
	r.vault.await(t, "1-10", "11-20", "21-30", "31-40", "41-50", "51-60")
}

// The outage outlasts the patience of a standby, so that the workers must find back.
func TestBlocksOutliveAnOutage(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	until := time.Now().Add(6 * time.Second)
	r.vault.hooks(func(durable.Block) error {
		if time.Now().Before(until) {
			return errors.New("out of order")
		}
		return nil
	}, nil)
	w, other := r.start(t, young(2*time.Second)), r.start(t, young(2*time.Second))
	r.publish(t, 75)
	r.vault.await(t, "1-10", "11-20", "21-30", "31-40", "41-50", "51-60", "61-70", "71-75")
	r.vault.holds(t, lines(75))
	if got := w.Stats().Retries + other.Stats().Retries; got == 0 {
		t.Errorf("retries: got %d, want some", got)
	}
}

func TestBlocksKeepABoundedNumberOfCuts(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	r.publish(t, 200)
	w := r.start(t, func(c *durable.BlockConfig) { c.Events, c.Cuts = 1, 10 })
	w.flush(t, 200)
	w.stop(t)
	kv, err := r.js.KeyValue(t.Context(), streams.BucketBlocks)
	if err != nil {
		t.Fatal(err)
	}
	status, err := kv.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := status.Values(); got < 10 || got > 74 {
		t.Errorf("cuts kept: got %d, want 10, and at most 64 more", got)
	}
	if _, err := kv.Get(t.Context(), "TWEETS.200"); err != nil {
		t.Errorf("newest cut: %v", err)
	}
}

func TestFlushEndsWithItsContext(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	r.vault.hooks(func(durable.Block) error { return errors.New("out of order") }, nil)
	w := r.start(t)
	r.publish(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := w.Flush(ctx, 3); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("flush into an outage: got %v, want %v", err, context.DeadlineExceeded)
	}
	w.stop(t)
}

func TestBlockConfigValidate(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*durable.BlockConfig)
		want   string
	}{
		{"default", func(*durable.BlockConfig) {}, ""},
		{"no consumer", func(c *durable.BlockConfig) { c.Consumer = streams.Consumer{} }, "consumer"},
		{"not ordered", func(c *durable.BlockConfig) { c.Consumer.Ordered = false }, "not ordered"},
		{"no events", func(c *durable.BlockConfig) { c.Events = 0 }, "block events is 0"},
		{"too many events", func(c *durable.BlockConfig) { c.Events = 100_001 }, "block events is 100001"},
		{"no bytes", func(c *durable.BlockConfig) { c.Bytes = 0 }, "block bytes is 0"},
		{"no age", func(c *durable.BlockConfig) { c.Age = 0 }, "block age is 0s"},
		{"too few cuts", func(c *durable.BlockConfig) { c.Cuts = 1 }, "cuts is 1"},
		{"descending backoff", func(c *durable.BlockConfig) { c.MaxBackoff = 1 }, "backoff is"},
		{"short takeover", func(c *durable.BlockConfig) { c.Takeover = time.Second }, "takeover is 1s"},
		{"negative grace", func(c *durable.BlockConfig) { c.Grace = -1 }, "grace is -1ns"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := durable.DefaultBlockConfig(archived)
			c.change(&cfg)
			err := cfg.Validate()
			if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
