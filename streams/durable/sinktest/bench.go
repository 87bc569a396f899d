package sinktest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"
)

var epoch = time.Date(2026, 3, 18, 13, 30, 0, 0, time.UTC)

func secondsOf(i int) time.Duration { return time.Duration(i) * time.Second }

// patience bounds every wait of the suite.
const patience = 60 * time.Second

// bench is one far end, one server and one engine between them.
type bench struct {
	suite     Suite
	far       FarEnd
	client    *streams.Client
	publisher *streams.Publisher
	gate      *streamstest.Switch
	server    *natsd.Server
	cfg       durable.Config
}

func newBench(t *testing.T, suite Suite) *bench {
	t.Helper()
	server := natsdtest.Start(t, func(c *natsd.Config) { c.SyncAlways = false })
	b := &bench{suite: suite, far: suite.Open(t), server: server, gate: streamstest.NewSwitch(true)}
	b.client = b.connect(t)
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		t.Fatal(err)
	}
	for _, stream := range topology.Streams {
		if _, err := b.client.JS.CreateStream(t.Context(), stream); err != nil {
			t.Fatalf("create stream %s: %v", stream.Name, err)
		}
	}
	for _, bucket := range topology.Buckets {
		if _, err := b.client.JS.CreateKeyValue(t.Context(), bucket); err != nil {
			t.Fatalf("create bucket %s: %v", bucket.Bucket, err)
		}
	}
	b.publisher, err = streams.NewPublisher(b.client, streams.DefaultPublisherConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.publisher.Close(context.WithoutCancel(t.Context())) })
	b.cfg = durable.DefaultConfig(suite.Consumer)
	b.cfg.MaxBatch = 100
	b.cfg.Linger = 20 * time.Millisecond
	b.cfg.MinBackoff = 5 * time.Millisecond
	b.cfg.MaxBackoff = 20 * time.Millisecond
	b.cfg.MaxTries = 3
	b.cfg.Takeover = time.Second
	return b
}

func (b *bench) connect(t *testing.T) *streams.Client {
	t.Helper()
	conn, err := b.server.Connect()
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(conn.Close)
	client, err := streams.NewClient(conn)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// publish stores the events from..to-1.
func (b *bench) publish(t *testing.T, from, to int) {
	t.Helper()
	events := make([]schemas.Event, 0, to-from)
	for i := from; i < to; i++ {
		events = append(events, b.suite.Event(i))
	}
	if err := b.publisher.Publish(t.Context(), events...); err != nil {
		t.Fatalf("publish: %v", err)
	}
}

// run is an engine that was started.
type run struct {
	*durable.Runner

	stop context.CancelFunc
	done chan error
}

// start runs the engine with the given sink on the bench's connection.
func (b *bench) start(t *testing.T, sink durable.Sink) *run {
	t.Helper()
	return b.startOn(t, b.client, sink)
}

func (b *bench) startOn(t *testing.T, client *streams.Client, sink durable.Sink) *run {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(testWriter{t}, nil))
	runner, err := durable.New(client, b.publisher, sink, b.gate, logger, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := &run{Runner: runner, stop: cancel, done: make(chan error, 1)}
	go func() { r.done <- runner.Run(ctx) }()
	t.Cleanup(cancel)
	return r
}

// end stops the engine and returns what Run returned.
func (r *run) end(t *testing.T) error {
	t.Helper()
	r.stop()
	return r.wait(t)
}

func (r *run) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(patience):
		t.Fatal("the engine did not end")
		return nil
	}
}

// drained waits until nothing is pending and returns the figures.
func (b *bench) drained(t *testing.T) durable.Figures {
	t.Helper()
	var figures durable.Figures
	eventually(t, "nothing pending", func() bool {
		var err error
		if figures, err = durable.Inspect(t.Context(), b.client, b.suite.Consumer); err != nil {
			t.Fatalf("inspect: %v", err)
		}
		return figures.Pending == 0
	})
	return figures
}

// eventually asks until it is told yes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	deadline := time.After(patience)
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !yes() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited %s for: %s", patience, what)
		}
	}
}

// testWriter keeps the engine's log beside the test's.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	if w.t.Context().Err() == nil {
		w.t.Logf("%s", p)
	}
	return len(p), nil
}
