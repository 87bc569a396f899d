package durable_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cashtag/streams"
	"cashtag/streams/durable"
)

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
	r.vault.holds(t, lines(10))
}

// Another worker cut the block that this one has in hand.
func TestBlocksObeyACutThatIsNotTheirs(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	r.startInHand(t, 4)
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
	r.vault.holds(t, lines(10))
}

// Somebody moved the durable on, so that the server passes over what is not read.
func TestBlocksReadAgainWhatWasPassedOver(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	r.startInHand(t, 4)
	if _, err := r.js.ResetConsumerToSequence(t.Context(), streams.Tweets, streams.ServiceArchive, 8); err != nil {
		t.Fatal(err)
	}
	r.publish(t, 6)
	r.vault.await(t, "1-10")
	r.vault.holds(t, lines(10))
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
	if got := r.vault.history(); len(got) != 2 {
		t.Errorf("blocks stored: got %q, want 2: what is stored is not stored again", got)
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
	if stores := r.vault.history(); stores[0] != stores[1] {
		t.Errorf("stored again: got %s, want %s", stores[1], stores[0])
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
	r.vault.holds(t, lines(42))
	if got := second.Stats(); got.Batches != 2 {
		t.Errorf("blocks of the successor: got %d, want 2", got.Batches)
	}
}

// A worker that ends in good order does not make its successor wait.
func TestBlocksHandOver(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	long := func(c *durable.BlockConfig) { c.Takeover = time.Hour }
	first := r.start(t, long)
	r.publish(t, 15)
	r.vault.await(t, "1-10")
	first.stop(t)
	second := r.start(t, long)
	second.flush(t, 15)
	r.vault.await(t, "1-10", "11-15")
}

// A worker that knows that it is alone does not wait for a dead one.
func TestBlocksAlone(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	long := func(c *durable.BlockConfig) { c.Takeover = time.Hour }
	first := r.start(t, long)
	r.publish(t, 15)
	r.vault.await(t, "1-10")
	first.kill(t)
	second := r.start(t, long, func(c *durable.BlockConfig) { c.Alone = true })
	second.flush(t, 15)
	r.vault.await(t, "1-10", "11-15")
}

// What a dead worker had in hand of a quiet stream is archived although nothing
// new is published.
func TestBlocksOfAQuietStreamAreTakenOver(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	first := r.startInHand(t, 4)
	first.kill(t)
	r.start(t, young(time.Millisecond))
	r.vault.await(t, "1-4")
}
