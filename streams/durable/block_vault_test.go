package durable_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// patience bounds every wait of these tests.
const patience = 30 * time.Second

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

func (v *vault) await(t *testing.T, want ...string) {
	t.Helper()
	timeout := time.After(patience)
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

// blockRig is a server with one stream to archive.
type blockRig struct {
	server *natsd.Server
	js     jetstream.JetStream
	vault  *vault
	gate   *sinktest.Switch
	next   int
}

func newBlockRig(t *testing.T) *blockRig {
	t.Helper()
	r := &blockRig{
		server: natsdtest.Start(t, func(c *natsd.Config) { c.SyncAlways = false }),
		vault:  newVault(),
		gate:   sinktest.NewSwitch(true),
	}
	r.js = r.connect(t).JS
	r.createStream(t, jetstream.StreamConfig{})
	if _, err := r.js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: streams.BucketBlocks}); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *blockRig) createStream(t *testing.T, cfg jetstream.StreamConfig) {
	t.Helper()
	cfg.Name, cfg.Subjects, cfg.AllowDirect = streams.Tweets, []string{"tweets.>"}, true
	if _, err := r.js.CreateOrUpdateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
}

func (r *blockRig) connect(t *testing.T) *streams.Client {
	t.Helper()
	conn, err := r.server.Connect(nats.NoReconnect())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	client, err := streams.NewClient(conn)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (r *blockRig) publish(t *testing.T, n int) {
	t.Helper()
	for range n {
		r.next++
		if _, err := r.js.PublishAsync("tweets.x.AAPL", []byte(line(r.next))); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-r.js.PublishAsyncComplete():
	case <-time.After(patience):
		t.Fatal("publish: no answer")
	}
}

func (r *blockRig) erase(t *testing.T, sequences ...uint64) {
	t.Helper()
	stream, err := r.js.Stream(t.Context(), streams.Tweets)
	if err != nil {
		t.Fatal(err)
	}
	for _, sequence := range sequences {
		if err := stream.SecureDeleteMsg(t.Context(), sequence); err != nil {
			t.Fatalf("erase %d: %v", sequence, err)
		}
	}
}

func (r *blockRig) info(t *testing.T) *jetstream.ConsumerInfo {
	t.Helper()
	consumer, err := r.js.Consumer(t.Context(), streams.Tweets, streams.ServiceArchive)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return &jetstream.ConsumerInfo{}
	}
	if err != nil {
		t.Fatal(err)
	}
	return consumer.CachedInfo()
}

// until polls the durable until it is as wanted.
func (r *blockRig) until(t *testing.T, what string, want func(*jetstream.ConsumerInfo) bool) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	timeout := time.After(patience)
	for {
		info := r.info(t)
		if want(info) {
			return
		}
		select {
		case <-poll.C:
		case <-timeout:
			t.Fatalf("%s: not so: floor %d, delivered %d, pending %d", what, info.AckFloor.Stream, info.Delivered.Stream, info.NumPending)
		}
	}
}

// untilInHand waits until the worker was sent everything up to a sequence as the
// active one.
func (r *blockRig) untilInHand(t *testing.T, w *blockWorker, sequence uint64) {
	t.Helper()
	untilStats(t, w, func(s durable.Stats) bool { return s.State == durable.StateRunning })
	r.until(t, "delivered", func(info *jetstream.ConsumerInfo) bool { return info.Delivered.Stream == sequence })
}

func line(n int) string { return `{"n":` + strconv.Itoa(n) + `}` }

// lines is what an archive of the events up to last reads, but for some.
func lines(last int, but ...int) string {
	var all []byte
	for n := 1; n <= last; n++ {
		if !slices.Contains(but, n) {
			all = append(append(all, line(n)...), '\n')
		}
	}
	return string(all)
}

// blockWorker is one running Blocks with a connection of its own.
type blockWorker struct {
	*durable.Blocks
	client *streams.Client
	cancel context.CancelFunc
	done   chan error
}

func (r *blockRig) start(t *testing.T, opts ...func(*durable.BlockConfig)) *blockWorker {
	t.Helper()
	cfg := durable.DefaultBlockConfig(archived)
	cfg.Events = 10
	cfg.PinnedTTL = 3 * time.Second
	cfg.MinBackoff, cfg.MaxBackoff = 5*time.Millisecond, 50*time.Millisecond
	for _, opt := range opts {
		opt(&cfg)
	}
	w := &blockWorker{client: r.connect(t), done: make(chan error, 1)}
	var err error
	if w.Blocks, err = durable.NewBlocks(w.client, r.vault, r.gate, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})), cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	go func() { w.done <- w.Run(ctx) }()
	t.Cleanup(func() { w.cancel() })
	return w
}

// stop ends the worker in good order.
func (w *blockWorker) stop(t *testing.T) {
	t.Helper()
	w.cancel()
	w.wait(t)
}

// kill ends the worker as a crash does: nothing it does reaches the server.
func (w *blockWorker) kill(t *testing.T) {
	t.Helper()
	w.client.Conn.Close()
	w.cancel()
	w.wait(t)
}

func (w *blockWorker) wait(t *testing.T) {
	t.Helper()
	select {
	case err := <-w.done:
		if err != nil {
			t.Fatalf("run: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("run does not return")
	}
}

func (w *blockWorker) flush(t *testing.T, upTo uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := w.Flush(ctx, upTo); err != nil {
		t.Fatal(err)
	}
}

func young(age time.Duration) func(*durable.BlockConfig) {
	return func(c *durable.BlockConfig) { c.Age = age }
}
