package durable_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cashtag/streams/durable"
)

// TestBlocksThroughChaos kills, doubles, stops and starves workers while events
// are published, and wants the archive whole and every block always the same.
func TestBlocksThroughChaos(t *testing.T) {
	t.Parallel()
	r := newBlockRig(t)
	var random atomic.Uint64
	r.vault.hooks(func(durable.Block) error {
		if random.Add(1)%5 == 0 {
			return errors.New("out of order")
		}
		return nil
	}, nil)
	workers := []*blockWorker{r.start(t, young(20*time.Millisecond)), r.start(t, young(20*time.Millisecond))}
	chance := rand.New(rand.NewPCG(1, 2))
	for round := range 40 {
		r.publish(t, 1+chance.IntN(60))
		victim := chance.IntN(len(workers))
		switch {
		case round%13 == 12:
			workers[victim].kill(t)
			workers[victim] = r.start(t, young(20*time.Millisecond))
		case round%4 == 1:
			workers[victim].stop(t)
			workers[victim] = r.start(t, young(20*time.Millisecond))
		case round%5 == 2:
			r.gate.Set(false)
			r.gate.Set(true)
		case round%7 == 3:
			workers[victim].flush(t, uint64(r.next))
		}
	}
	workers[0].flush(t, uint64(r.next))
	if got, want := r.vault.content(), lines(r.next); got != want {
		t.Errorf("archive: got %d bytes, want %d: %v", len(got), len(want), r.vault.ranges())
	}
	next := uint64(1)
	for _, block := range r.vault.sorted() {
		if block.First != next {
			t.Errorf("block starts at %d, want %d", block.First, next)
		}
		next = block.Last + 1
	}
	same := map[string]string{}
	for _, store := range r.vault.history() {
		block, _, _ := strings.Cut(store, "-")
		if before, ok := same[block]; ok && before != store {
			t.Errorf("block stored again: got %s, want %s", store, before)
		}
		same[block] = store
	}
}
