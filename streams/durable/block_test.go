package durable_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cashtag/streams"
	"cashtag/streams/durable"

	"github.com/nats-io/nats.go/jetstream"
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
	w.flush(t, 0)
	r.vault.await(t, "1-10", "11-20", "21-25", "26-30", "31-32")
	if got, want := r.vault.content(), lines(32); got != want {
		t.Errorf("archive: got %q, want %q", got, want)
	}
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

func TestBlocksObeyACutThatWasNotStored(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.start(t)
	tried := make(chan durable.Block, 16)
	r.vault.hooks(func(block durable.Block) error {
		tried <- block
		return errors.New("out of order")
	}, nil)
	r.publish(t, 7)
	go func() { _ = w.Flush(t.Context(), 7) }()
	if got, want := describe(<-tried), "1-7"; got != want {
		t.Errorf("block that is tried: got %s, want %s", got, want)
	}
	w.kill(t)

	r.vault.hooks(nil, nil)
	r.publish(t, 5) // without the cut, block 1 would now end at 10
	r.start(t)
	r.vault.await(t, "1-7", "8-10")
	if got, want := r.vault.content(), lines(10); got != want {
		t.Errorf("archive: got %q, want %q", got, want)
	}
}

// Another worker cut the block that this one has in hand.
func TestBlocksObeyACutThatIsNotTheirs(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.start(t)
	r.publish(t, 4)
	r.untilInHand(t, w, 4)
	kv, err := r.js.KeyValue(t.Context(), streams.BucketBlocks)
	if err != nil {
		t.Fatal(err)
	}
	origin, err := kv.Get(t.Context(), "TWEETS.0")
	if err != nil {
		t.Fatal(err)
	}
	cut := strings.Replace(string(origin.Value()), `"end":0`, `"end":7`, 1)
	if _, err := kv.Create(t.Context(), "TWEETS.1", []byte(cut)); err != nil {
		t.Fatal(err)
	}
	r.publish(t, 6)
	r.vault.await(t, "1-7", "8-10")
	if got, want := r.vault.content(), lines(10); got != want {
		t.Errorf("archive: got %q, want %q", got, want)
	}
}

// Somebody moved the durable on, so that the server passes over what is not read.
func TestBlocksReadAgainWhatWasPassedOver(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.start(t)
	r.publish(t, 4)
	r.untilInHand(t, w, 4)
	if _, err := r.js.ResetConsumerToSequence(t.Context(), streams.Tweets, streams.ServiceArchive, 8); err != nil {
		t.Fatal(err)
	}
	r.publish(t, 6)
	r.vault.await(t, "1-10")
	if got, want := r.vault.content(), lines(10); got != want {
		t.Errorf("archive: got %q, want %q", got, want)
	}
}

func TestBlocksKilledBeforeAcknowledgement(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.start(t)
	r.vault.hooks(nil, func(durable.Block) { w.client.Conn.Close() })
	r.publish(t, 12)
	r.vault.await(t, "1-10")
	w.kill(t)
	if got := r.info(t).AckFloor.Stream; got != 0 {
		t.Fatalf("floor after the kill: got %d, want 0", got)
	}

	r.vault.hooks(nil, nil)
	second := r.start(t)
	second.flush(t, 12)
	r.vault.await(t, "1-10", "11-12")
	if got := len(r.vault.stores); got != 2 {
		t.Errorf("blocks stored: got %d (%v), want 2: what is stored is not stored again", got, r.vault.stores)
	}
	if got := r.info(t).AckFloor.Stream; got != 12 {
		t.Errorf("floor: got %d, want 12", got)
	}
}

func TestBlocksAreStoredAgainTheSame(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	r.publish(t, 10)
	w := r.start(t)
	r.vault.await(t, "1-10")
	w.stop(t)
	r.vault.mu.Lock()
	clear(r.vault.blocks) // the archive lost it
	r.vault.mu.Unlock()
	r.publish(t, 10)
	r.start(t, func(c *durable.BlockConfig) { c.Events = 20 }) // would cut elsewhere
	r.vault.await(t, "1-10", "11-20")
	if r.vault.stores[0] != r.vault.stores[1] {
		t.Errorf("stored again: got %s, want %s", r.vault.stores[1], r.vault.stores[0])
	}
}

func TestBlocksHaveOneActiveWorker(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	first := r.start(t)
	r.publish(t, 15)
	r.vault.await(t, "1-10")
	second := r.start(t)
	r.publish(t, 15)
	r.vault.await(t, "1-10", "11-20", "21-30")
	if got := second.Stats(); got.Batches != 0 {
		t.Errorf("blocks of the standby: got %d, want 0", got.Batches)
	}
	r.publish(t, 3)
	first.kill(t)
	r.publish(t, 9)
	second.flush(t, 42)
	r.vault.await(t, "1-10", "11-20", "21-30", "31-40", "41-42")
	if got, want := r.vault.content(), lines(42); got != want {
		t.Errorf("archive: got %q, want %q", got, want)
	}
	if got := second.Stats(); got.Batches != 2 {
		t.Errorf("blocks of the successor: got %d, want 2", got.Batches)
	}
}

// A worker that ends in good order does not make its successor wait for the pin.
func TestBlocksHandOver(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	long := func(c *durable.BlockConfig) { c.PinnedTTL = time.Hour }
	first := r.start(t, long)
	r.publish(t, 15)
	r.vault.await(t, "1-10")
	first.stop(t)
	second := r.start(t, long)
	second.flush(t, 15)
	r.vault.await(t, "1-10", "11-15")
}

// What a dead worker had in hand of a quiet stream is archived although nothing
// new is published.
func TestBlocksOfAQuietStreamAreTakenOver(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	first := r.start(t)
	r.publish(t, 4)
	r.untilInHand(t, first, 4)
	first.kill(t)
	r.start(t, young(time.Millisecond))
	r.vault.await(t, "1-4")
}

func TestBlocksFollowTheFlag(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.start(t)
	r.publish(t, 14)
	r.vault.await(t, "1-10")
	r.gate.Set(false)
	r.until(t, "unpinned", func(info *jetstream.ConsumerInfo) bool { return info.PriorityGroups[0].PinnedClientID == "" })
	r.publish(t, 20)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
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
	if got, want := r.vault.content(), lines(34); got != want {
		t.Errorf("archive: got %q, want %q", got, want)
	}
}

func TestBlocksReleaseAFailingOneWhenTheFlagGoesOff(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	r.vault.hooks(func(durable.Block) error { return errors.New("out of order") }, nil)
	w := r.start(t)
	r.publish(t, 60) // more than a worker has room for
	untilStats(t, w, func(s durable.Stats) bool { return s.Retries > 1 && s.State == durable.StateRetrying })
	r.gate.Set(false)
	untilStats(t, w, func(s durable.Stats) bool { return s.State == durable.StatePaused })
	r.vault.hooks(nil, nil)
	r.gate.Set(true)
	r.vault.await(t, "1-10", "11-20", "21-30", "31-40", "41-50", "51-60")
}

func untilStats(t *testing.T, w *blockWorker, want func(durable.Stats) bool) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	timeout := time.After(patience)
	for !want(w.Stats()) {
		select {
		case <-poll.C:
		case <-timeout:
			t.Fatalf("stats: got %+v", w.Stats())
		}
	}
}

// The outage outlasts the pin, so that the worker must find back.
func TestBlocksOutliveAnOutage(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	until := time.Now().Add(4 * time.Second)
	r.vault.hooks(func(durable.Block) error {
		if time.Now().Before(until) {
			return errors.New("out of order")
		}
		return nil
	}, nil)
	w := r.start(t)
	r.publish(t, 75)
	r.vault.await(t, "1-10", "11-20", "21-30", "31-40", "41-50", "51-60", "61-70")
	w.flush(t, 75)
	if got, want := r.vault.content(), lines(75); got != want {
		t.Errorf("archive: got %q, want %q", got, want)
	}
	if got := len(r.vault.stores); got != 8 {
		t.Errorf("blocks stored: got %d (%v), want 8", got, r.vault.stores)
	}
	if got := w.Stats(); got.Retries == 0 || got.LastError != "" {
		t.Errorf("stats: got %+v, want retries and no error any more", got)
	}
}

func TestBlocksWithGaps(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		erased []uint64
		want   []string
	}{
		{"in the middle", []uint64{3, 14, 15}, []string{"1-10:9", "11-20:8", "21-30"}},
		{"at the ends of blocks", []uint64{1, 10, 11, 20, 21}, []string{"2-10:8", "11-20:8", "21-30:9"}},
		{"a whole block", []uint64{11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, []string{"1-10", "21-30"}},
		{"a block and the start of the next", []uint64{11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21}, []string{"1-10", "21-30:9"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newBlockRig(t)
			r.publish(t, 31)
			var but []int
			for _, sequence := range c.erased {
				but = append(but, int(sequence))
			}
			r.erase(t, c.erased...)
			w := r.start(t)
			r.vault.await(t, c.want...)
			if got, want := r.vault.content(), lines(30, but...); got != want {
				t.Errorf("archive: got %q, want %q", got, want)
			}
			// What the stream lost at its very start is no gap: the durable was made later.
			if got := w.Stats().Missing; got != 0 {
				t.Errorf("missing: got %d, want 0", got)
			}
		})
	}
}

func TestBlocksFlushWhereTheTailIsErased(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.start(t)
	r.publish(t, 6)
	r.untilInHand(t, w, 6)
	r.erase(t, 5, 6)
	w.flush(t, 6)
	if got, want := strings.Join(r.vault.ranges(), " "), "1-6"; got != want {
		t.Errorf("blocks: got %s, want %s: what was read before it was erased", got, want)
	}
	r.publish(t, 2)
	r.erase(t, 8)
	w.flush(t, 8)
	r.publish(t, 1)
	w.flush(t, 9)
	if got, want := r.vault.content(), lines(9, 8); got != want && got != lines(9) {
		t.Errorf("archive: got %q, want %q, with or without 8", got, want)
	}
}

// An erased message takes the floor of an AckAll durable past what lies before it.
func TestBlocksDoNotTrustTheFloor(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.start(t)
	r.publish(t, 8)
	r.untilInHand(t, w, 8)
	r.erase(t, 8)
	r.until(t, "floor moved by the server", func(info *jetstream.ConsumerInfo) bool { return info.AckFloor.Stream == 8 })
	w.kill(t)
	r.start(t, young(time.Millisecond))
	r.vault.await(t, "1-7")
	if got, want := r.vault.content(), lines(7); got != want {
		t.Errorf("archive: got %q, want %q", got, want)
	}
}

func TestBlocksCountWhatTheStreamDropped(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.start(t)
	r.publish(t, 12)
	r.vault.await(t, "1-10")
	r.gate.Set(false)
	r.until(t, "unpinned", func(info *jetstream.ConsumerInfo) bool { return info.PriorityGroups[0].PinnedClientID == "" })
	r.createStream(t, jetstream.StreamConfig{MaxMsgs: 6})
	r.publish(t, 30) // keeps 37 to 42
	r.gate.Set(true)
	r.vault.await(t, "1-10", "31-40:4")
	w.flush(t, 42)
	r.vault.await(t, "1-10", "31-40:4", "41-42")
	if got := w.Stats().Missing; got != 26 {
		t.Errorf("missing: got %d, want 26", got)
	}
	figures, err := durable.Inspect(t.Context(), &streams.Client{JS: r.js}, archived)
	if err == nil && (figures.Missing != 26 || figures.Pending != 0 || figures.Stored != 16) {
		t.Errorf("figures: got %+v, want 16 stored, 26 missing, none pending", figures)
	}
}

func TestBlocksEndAtAFatalError(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	r.vault.hooks(func(durable.Block) error { return durable.Fatal(errors.New("no such bucket")) }, nil)
	w := r.start(t)
	r.publish(t, 10)
	select {
	case err := <-w.done:
		if !durable.IsFatal(err) || !strings.Contains(err.Error(), "no such bucket") {
			t.Errorf("run: got %v, want a fatal error that says why", err)
		}
	case <-time.After(patience):
		t.Fatal("run does not return")
	}
	if got := r.info(t).AckFloor.Stream; got != 0 {
		t.Errorf("floor: got %d, want 0", got)
	}
	if err := w.Flush(t.Context(), 0); !errors.Is(err, durable.ErrStopped) {
		t.Errorf("flush after the end: got %v, want %v", err, durable.ErrStopped)
	}
}

func TestBlocksRefuseAnotherStreamOfTheName(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	w := r.start(t)
	r.publish(t, 10)
	r.vault.await(t, "1-10")
	w.stop(t)
	if err := r.js.DeleteStream(t.Context(), streams.Tweets); err != nil {
		t.Fatal(err)
	}
	r.createStream(t, jetstream.StreamConfig{})
	r.publish(t, 20)
	err := <-r.start(t).done
	if !durable.IsFatal(err) || !strings.Contains(err.Error(), "another stream TWEETS") {
		t.Errorf("run with cuts of another stream: got %v, want a fatal error", err)
	}
	if err := r.js.DeleteKeyValue(t.Context(), streams.BucketBlocks); err != nil {
		t.Fatal(err)
	}
	if _, err := r.js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: streams.BucketBlocks}); err != nil {
		t.Fatal(err)
	}
	err = <-r.start(t).done
	if !durable.IsFatal(err) || !strings.Contains(err.Error(), "of another stream") {
		t.Errorf("run with blocks of another stream: got %v, want a fatal error", err)
	}
	if got, want := r.vault.content(), lines(10); got != want {
		t.Errorf("archive: got %q, want it untouched: %q", got, want)
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
		{"short pin", func(c *durable.BlockConfig) { c.PinnedTTL = time.Second }, "pinned ttl is 1s"},
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
