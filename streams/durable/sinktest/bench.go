package sinktest

import (
	"log/slog"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"
)

var epoch = time.Date(2026, 3, 18, 13, 30, 0, 0, time.UTC)

func secondsOf(i int) time.Duration { return time.Duration(i) * time.Second }

// bench is one far end, one server and one engine between them.
type bench struct {
	*streamstest.Server

	suite Suite
	far   FarEnd
	gate  *streamstest.Switch
	cfg   durable.Config
}

func newBench(t *testing.T, suite Suite) *bench {
	t.Helper()
	b := &bench{Server: streamstest.Start(t), suite: suite, far: suite.Open(t), gate: streamstest.NewSwitch(true)}
	b.cfg = durable.DefaultConfig(suite.Consumer)
	b.cfg.MaxBatch = 100
	b.cfg.Linger = 20 * time.Millisecond
	b.cfg.MinBackoff = 5 * time.Millisecond
	b.cfg.MaxBackoff = 20 * time.Millisecond
	b.cfg.MaxTries = 3
	b.cfg.Takeover = time.Second
	return b
}

// publish stores the events from..to-1.
func (b *bench) publish(t *testing.T, from, to int) {
	t.Helper()
	events := make([]schemas.Event, 0, to-from)
	for i := from; i < to; i++ {
		events = append(events, b.suite.Event(i))
	}
	b.Publish(t, events...)
}

// run is an engine that was started.
type run struct {
	*durable.Runner
	*streamstest.Running
}

// start runs the engine with the given sink on the bench's connection.
func (b *bench) start(t *testing.T, sink durable.Sink) *run {
	t.Helper()
	return b.startOn(t, b.Client, sink)
}

func (b *bench) startOn(t *testing.T, client *streams.Client, sink durable.Sink) *run {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	runner, err := durable.New(client, b.Publisher, sink, b.gate, logger, b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &run{runner, streamstest.Run(t, runner.Run)}
}

// drained waits until nothing is pending and returns the figures.
func (b *bench) drained(t *testing.T) durable.Figures {
	t.Helper()
	var figures durable.Figures
	streamstest.Eventually(t, "nothing pending", func() bool {
		var err error
		if figures, err = durable.Inspect(t.Context(), b.Client, b.suite.Consumer); err != nil {
			t.Fatalf("inspect: %v", err)
		}
		return figures.Pending == 0
	})
	return figures
}
