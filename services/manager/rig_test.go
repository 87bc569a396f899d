package manager_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/services/manager"
	"cashtag/streams"
	"cashtag/streams/flag"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go/jetstream"
)

// world is a clock that shows what it was set to.
type world struct {
	mu      sync.Mutex
	now     time.Time
	changed chan struct{}
}

func newWorld(now time.Time) *world { return &world{now: now, changed: make(chan struct{})} }

func (w *world) set(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = now
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *world) read() (time.Time, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now, w.changed
}

func (w *world) Now() time.Time {
	now, _ := w.read()
	return now
}

func (w *world) Until(ctx context.Context, t time.Time) error {
	for {
		now, changed := w.read()
		if !now.Before(t) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// override is a flag that the test turns.
type override struct {
	mu       sync.Mutex
	word     string
	revision uint64
	changed  chan struct{}
}

func newOverride() *override { return &override{word: flag.MarketAuto, changed: make(chan struct{})} }

func (o *override) set(word string, revision uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.word, o.revision = word, revision
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *override) Read() (string, uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.word, o.revision
}

func (o *override) Changed() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.changed
}

// exchange is a server with the streams, whose dedupe window forgets at once: what
// is stored once is so by sequence alone.
type exchange struct {
	server *natsd.Server
	client *streams.Client
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	e := &exchange{server: natsdtest.Start(t, func(c *natsd.Config) { c.SyncAlways = false })}
	e.client = e.connect(t)
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range topology.Streams {
		config.Duplicates = 100 * time.Millisecond
		if _, err := e.client.JS.CreateStream(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	}
	for _, config := range topology.Buckets {
		if _, err := e.client.JS.CreateKeyValue(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func (e *exchange) connect(t *testing.T) *streams.Client {
	t.Helper()
	return streamstest.Connect(t, e.server)
}

func (e *exchange) publisher(t *testing.T) *streams.Publisher {
	t.Helper()
	return streamstest.NewPublisher(t, e.connect(t))
}

// market reads every event of MARKET, in order.
func (e *exchange) market(t *testing.T) []schemas.Event {
	t.Helper()
	consumer, err := e.client.JS.OrderedConsumer(t.Context(), streams.Market, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer messages.Stop()
	var events []schemas.Event
	for left := consumer.CachedInfo().NumPending; left > 0; left-- {
		message, err := messages.Next(jetstream.NextMaxWait(5 * time.Second))
		if err != nil {
			t.Fatal(err)
		}
		event, err := schemas.Decode(message.Data())
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, event)
	}
	return events
}

// sessions is the ids of the session events, without the market's.
func (e *exchange) sessions(t *testing.T) []string {
	t.Helper()
	return idsOf[*schemas.Session](e.market(t))
}

func (e *exchange) ticks(t *testing.T) []string {
	t.Helper()
	return idsOf[*schemas.Clock](e.market(t))
}

func idsOf[D schemas.Data](events []schemas.Event) []string {
	var ids []string
	for _, event := range events {
		if _, ok := event.Data.(D); ok {
			ids = append(ids, event.ID)
		}
	}
	return ids
}

// running is a manager at work.
type running struct {
	*manager.Manager
	stop func()
}

// run starts a manager with a connection of its own. stop ends it and wants no
// error.
func (e *exchange) run(t *testing.T, cfg manager.Config, clock manager.Clock, f manager.Flag) *running {
	t.Helper()
	m, err := manager.New(cfg, clock, f, e.publisher(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: got %v, want nil", err)
		}
	})
	t.Cleanup(stop)
	return &running{m, stop}
}

func (r *running) caught(t *testing.T, at time.Time) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := r.Caught(ctx, at); err != nil {
		t.Fatalf("caught up to %s: %v; published %s", at, err, r.Published())
	}
}

// waitFor polls until ok, for 10 s at most.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	poll, end := time.NewTicker(2*time.Millisecond), time.Now().Add(10*time.Second)
	defer poll.Stop()
	for !ok() {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
		<-poll.C
	}
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
