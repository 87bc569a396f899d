package durable_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// blockRig is a server with one stream to archive.
type blockRig struct {
	server *natsd.Server
	js     jetstream.JetStream
	vault  *vault
	gate   *streamstest.Switch
	next   int
}

func newBlockRig(t *testing.T) *blockRig {
	t.Helper()
	r := &blockRig{
		server: natsdtest.Start(t, func(c *natsd.Config) { c.SyncAlways = false }),
		vault:  newVault(),
		gate:   streamstest.NewSwitch(true),
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
	cfg.Takeover = 2 * time.Second
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
	go func() {
		defer close(w.done)
		w.done <- w.Run(ctx)
	}()
	t.Cleanup(func() { w.stop(t) })
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
