package durable_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"
)

var archived = streams.Consumer{Service: streams.ServiceArchive, Stream: streams.Tweets, Ordered: true}

// vault keeps blocks in memory.
type vault struct {
	mu      sync.Mutex
	blocks  map[uint64]durable.Block
	objects map[uint64][]byte
	stores  []string // what was stored, in order: range and hash
	before  func(durable.Block) error
	after   func(durable.Block)
	changed chan struct{} // closed at the next change
}

var _ durable.BlockSink = (*vault)(nil)

func newVault() *vault {
	return &vault{
		blocks: make(map[uint64]durable.Block), objects: make(map[uint64][]byte), changed: make(chan struct{}),
	}
}

func (v *vault) Open() (durable.BlockWriter, error) { return &vaultWriter{vault: v}, nil }

func (v *vault) Stored(_ context.Context, block durable.Block) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	stored, ok := v.blocks[block.First]
	if ok && !stored.CreatedAt.Equal(block.CreatedAt) {
		return false, durable.Fatal(errors.New("of another stream"))
	}
	return ok && stored.Last == block.Last, nil
}

// hooks are called before and after each store, unlocked.
func (v *vault) hooks(before func(durable.Block) error, after func(durable.Block)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.before, v.after = before, after
}

// ranges lists what is stored, ascending.
func (v *vault) ranges() []string {
	var ranges []string
	for _, block := range v.sorted() {
		ranges = append(ranges, describe(block))
	}
	return ranges
}

// history lists what was stored, again or not, in that order: range and hash.
func (v *vault) history() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.stores)
}

func (v *vault) sorted() []durable.Block {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.SortedFunc(maps.Values(v.blocks), func(a, b durable.Block) int { return cmp.Compare(a.First, b.First) })
}

func describe(block durable.Block) string {
	if block.Gaps() == 0 {
		return fmt.Sprintf("%d-%d", block.First, block.Last)
	}
	return fmt.Sprintf("%d-%d:%d", block.First, block.Last, block.Events)
}

// content is every line that is stored, in order.
func (v *vault) content() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []byte
	for _, first := range slices.Sorted(maps.Keys(v.objects)) {
		all = append(all, v.objects[first]...)
	}
	return string(all)
}

// holds compares what is stored.
func (v *vault) holds(t *testing.T, want string) {
	t.Helper()
	if got := v.content(); got != want {
		t.Errorf("archive: got %q, want %q", got, want)
	}
}

// await waits until the stored blocks are those of the given ranges.
func (v *vault) await(t *testing.T, want ...string) {
	t.Helper()
	timeout := time.After(streamstest.Patience)
	for {
		v.mu.Lock()
		changed := v.changed
		v.mu.Unlock()
		got := v.ranges()
		if slices.Equal(got, want) {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("blocks: got %v, want %v", got, want)
		}
	}
}

type vaultWriter struct {
	vault *vault
	block durable.Block
	data  bytes.Buffer
}

func (w *vaultWriter) Append(message durable.Message) error {
	w.data.Write(message.Data)
	return w.data.WriteByte('\n')
}

func (w *vaultWriter) Seal(block durable.Block) error {
	w.block = block
	return nil
}

func (w *vaultWriter) Store(context.Context) error {
	w.vault.mu.Lock()
	before, after := w.vault.before, w.vault.after
	w.vault.mu.Unlock()
	if before != nil {
		if err := before(w.block); err != nil {
			return err
		}
	}
	w.vault.mu.Lock()
	w.vault.blocks[w.block.First] = w.block
	w.vault.objects[w.block.First] = bytes.Clone(w.data.Bytes())
	sum := sha256.Sum256(w.data.Bytes())
	w.vault.stores = append(w.vault.stores, fmt.Sprintf("%s %x", describe(w.block), sum[:4]))
	close(w.vault.changed)
	w.vault.changed = make(chan struct{})
	w.vault.mu.Unlock()
	if after != nil {
		after(w.block)
	}
	return nil
}

func (w *vaultWriter) Discard() { w.data = bytes.Buffer{} }
