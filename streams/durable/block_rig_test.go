package durable_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"time"

	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// blockRig is a server with the topology, and an archive of TWEETS.
type blockRig struct {
	*streamstest.Server

	js    jetstream.JetStream
	vault *vault
	gate  *streamstest.Switch
	next  int
}

func newBlockRig(t *testing.T) *blockRig {
	t.Helper()
	server := streamstest.Start(t)
	return &blockRig{Server: server, js: server.Client.JS, vault: newVault(), gate: streamstest.NewSwitch(true)}
}

// config is how TWEETS was created.
func (r *blockRig) config() jetstream.StreamConfig { return r.Topology.Streams[0] }

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
	case <-time.After(streamstest.Patience):
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
	streamstest.Eventually(t, what, func() bool { return want(r.info(t)) })
}

// startInHand starts a worker, publishes n lines and waits until they were sent to it
// as the active one.
func (r *blockRig) startInHand(t *testing.T, n int) *blockWorker {
	t.Helper()
	w := r.start(t)
	r.publish(t, n)
	w.until(t, durable.StateRunning)
	r.until(t, "delivered", func(info *jetstream.ConsumerInfo) bool { return info.Delivered.Stream == uint64(n) })
	return w
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
	*streamstest.Running

	client *streams.Client
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
	client := streamstest.Connect(t, r.Server, nats.NoReconnect())
	logger := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	blocks, err := durable.NewBlocks(client, r.vault, r.gate, logger, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &blockWorker{blocks, streamstest.Run(t, blocks.Run), client}
}

// stop ends the worker in good order.
func (w *blockWorker) stop(t *testing.T) {
	t.Helper()
	if err := w.Stop(t); err != nil {
		t.Fatalf("run: %v", err)
	}
}

// kill ends the worker as a crash does: nothing it does reaches the server.
func (w *blockWorker) kill(t *testing.T) {
	t.Helper()
	w.client.Conn.Close()
	w.stop(t)
}

// until waits until the worker is in a state.
func (w *blockWorker) until(t *testing.T, state string) {
	t.Helper()
	streamstest.Eventually(t, state, func() bool { return w.Stats().State == state })
}

func (w *blockWorker) flush(t *testing.T, upTo uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), streamstest.Patience)
	defer cancel()
	if err := w.Flush(ctx, upTo); err != nil {
		t.Fatal(err)
	}
}

func young(age time.Duration) func(*durable.BlockConfig) {
	return func(c *durable.BlockConfig) { c.Age = age }
}
