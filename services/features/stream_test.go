package features_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/services/features"
	"cashtag/streams"
	"cashtag/streams/merge"

	"github.com/nats-io/nats.go"
)

// rig is a server with the topology.
type rig struct {
	server *natsd.Server
	client *streams.Client
}

func newRig(t *testing.T) *rig {
	t.Helper()
	publish, subscribe, err := streams.Permissions(streams.ServiceFeatures)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{server: natsdtest.Start(t, func(c *natsd.Config) {
		c.SyncAlways = false
		c.Users = []natsd.User{{Name: streams.ServiceFeatures, Password: "secret", Publish: publish, Subscribe: subscribe}}
	})}
	conn, err := r.server.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if r.client, err = streams.NewClient(conn); err != nil {
		t.Fatal(err)
	}
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := streams.Apply(t.Context(), r.client, topology, false); err != nil {
		t.Fatal(err)
	}
	return r
}

// connect connects with the service's own permissions, which must suffice.
func (r *rig) connect(t *testing.T) *streams.Client {
	t.Helper()
	conn, err := r.server.ConnectAs(streams.ServiceFeatures, nats.CustomInboxPrefix(streams.InboxPrefix(streams.ServiceFeatures)),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrPermissionViolation) {
				t.Errorf("refused: %v", err)
			}
		}))
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

func (r *rig) publisher(t *testing.T, client *streams.Client) *streams.Publisher {
	t.Helper()
	publisher, err := streams.NewPublisher(client, streams.DefaultPublisherConfig())
	if err != nil {
		t.Fatal(err)
	}
	return publisher
}

// publish stores events, stream by stream in their order.
func (r *rig) publish(t *testing.T, events []schemas.Event) {
	t.Helper()
	publisher := r.publisher(t, r.client)
	for batch := range slices.Chunk(events, 500) {
		if err := publisher.Publish(t.Context(), batch...); err != nil {
			t.Fatal(err)
		}
	}
}

// start runs a worker until stop or kill is called; kill cuts its connection first.
func (r *rig) start(t *testing.T) (reader *merge.Reader, stop, kill func()) {
	t.Helper()
	client := r.connect(t)
	logger := slog.New(slog.DiscardHandler)
	handler, err := features.NewHandler(config(), logger)
	if err != nil {
		t.Fatal(err)
	}
	cfg := features.Reading()
	cfg.Poll, cfg.CommitEvents, cfg.CommitPause = 5*time.Millisecond, 300, 0
	reader, err = merge.New(client, r.publisher(t, client), handler, always{}, logger, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- reader.Run(ctx) }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	}
	return reader, stop, func() { client.Conn.Close(); stop() }
}

type always struct{}

func (always) On() bool                 { return true }
func (always) Changed() <-chan struct{} { return nil }

// settle waits until everything is covered.
func (r *rig) settle(t *testing.T, reader *merge.Reader) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	for _, name := range features.Reading().Streams {
		stream, err := r.client.JS.Stream(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.Flush(ctx, name, stream.CachedInfo().State.LastSeq); err != nil {
			t.Fatalf("%v, stats %+v", err, reader.Stats())
		}
	}
}

// made reads the stream FEATURES. No id may be there twice.
func (r *rig) made(t *testing.T) *finals {
	t.Helper()
	found, ids := newFinals(t), map[string]bool{}
	stream, err := r.client.JS.Stream(t.Context(), streams.Features)
	if err != nil {
		t.Fatal(err)
	}
	for sequence := range stream.CachedInfo().State.LastSeq {
		message, err := stream.GetMsg(t.Context(), sequence+1)
		if err != nil {
			t.Fatal(err)
		}
		event, err := schemas.Decode(message.Data)
		if err != nil {
			t.Fatal(err)
		}
		if ids[event.ID] {
			t.Errorf("%s is there twice", event.ID)
		}
		ids[event.ID] = true
		if place := message.Header.Get(streams.HeaderPlace); !strings.HasPrefix(place, "features ") || !strings.Contains(place, "TWEETS=") {
			t.Errorf("place of %s: got %q, want the positions it was made from", event.ID, place)
		}
		found.add(event)
	}
	return found
}

// direct is what a State makes of the events in their order.
func direct(t *testing.T, events []schemas.Event) *finals {
	t.Helper()
	return run(t, newState(t), events, func() bool { return true })
}

func TestStreamsGiveWhatATapeGives(t *testing.T) {
	t.Parallel()
	events := world(t, 6)
	r := newRig(t)
	r.publish(t, shuffled(rand.New(rand.NewPCG(9, 9)), events, 20*time.Minute))
	reader, stop, _ := r.start(t)
	r.settle(t, reader)
	stop()
	sameFinals(t, r.made(t), direct(t, events))
	if stats := reader.Stats(); stats.Published == 0 || stats.Checkpoints < 3 || stats.Missing != 0 || stats.Invalid != 0 {
		t.Errorf("stats: got %+v", stats)
	}
	durable, err := r.client.JS.Consumer(t.Context(), streams.Tweets, streams.ServiceFeatures)
	if err != nil {
		t.Fatal(err)
	}
	if info := durable.CachedInfo(); info.NumPending != 0 || info.AckFloor.Stream == 0 {
		t.Errorf("durable: got %d pending, floor %d, want all settled", info.NumPending, info.AckFloor.Stream)
	}
}

// Workers are killed again and again while events arrive; two run at the same time.
func TestKillsLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	events := world(t, 6)
	r := newRig(t)
	arriving := shuffled(rand.New(rand.NewPCG(5, 9)), events, 3*time.Hour)
	for part := range slices.Chunk(arriving, len(arriving)/5+1) {
		r.publish(t, part)
		reader, _, kill := r.start(t)
		other, _, killOther := r.start(t)
		r.until(t, func() bool { return reader.Stats().Checkpoints+other.Stats().Checkpoints >= 2 })
		kill()
		killOther()

	}
	reader, stop, _ := r.start(t)
	r.settle(t, reader)
	stop()
	sameFinals(t, r.made(t), direct(t, events))
}

// until asks the server again and again, which takes its time, until something is so.
func (r *rig) until(t *testing.T, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !done() {
		if err := r.client.Conn.FlushWithContext(ctx); err != nil {
			t.Fatalf("waited in vain: %v", err)
		}
	}
}

// The scores come after the clock went on: the vectors wait for them, and where they
// never come, are made without.
func TestTheClockWaitsForScores(t *testing.T) {
	t.Parallel()
	at := when(t, "2014-07-01 14:00:00")
	r := newRig(t)
	r.publish(t, []schemas.Event{tick(at.Add(-time.Hour)), newPost("1", at, "a", "x", "T"), tick(at.Add(10 * time.Minute))})
	reader, stop, _ := r.start(t)
	defer stop()
	r.until(t, func() bool { return reader.Stats().Read[streams.Tweets] == 1 })
	r.publish(t, []schemas.Event{newScore("1", at, "T", "positive", 1)})
	r.until(t, func() bool { return reader.Stats().Published >= 2 })
	for _, vector := range r.made(t).all {
		if vector.Counts.Scored != 1 {
			t.Errorf("%s: got %d scored, want the one: the clock did not wait", vector.Window, vector.Counts.Scored)
		}
	}
	before := reader.Stats().Published
	r.publish(t, []schemas.Event{newPost("2", at.Add(time.Hour), "a", "x", "T"), tick(at.Add(80 * time.Minute))})
	r.until(t, func() bool { return reader.Stats().Published >= before+2 })
}

func TestWhatIsNoEventIsPassedOver(t *testing.T) {
	t.Parallel()
	at := when(t, "2014-07-01 14:00:00")
	r := newRig(t)
	if _, err := r.client.JS.Publish(t.Context(), "tweets.x.T", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	r.publish(t, []schemas.Event{
		tick(at.Add(-time.Hour)), newPost("1", at, "a", "x", "T"), newScore("1", at, "T", "positive", 1), tick(at.Add(10 * time.Minute)),
	})
	reader, stop, _ := r.start(t)
	r.settle(t, reader)
	stop()
	if got := reader.Stats().Invalid; got != 1 {
		t.Errorf("invalid: got %d, want 1", got)
	}
	if got := len(r.made(t).all); got != 2 {
		t.Errorf("vectors: got %d, want 2", got)
	}
}

// A checkpoint that was damaged is not gone on from.
func TestADamagedCheckpointIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.publish(t, world(t, 1))
	reader, stop, _ := r.start(t)
	r.settle(t, reader)
	stop()
	kv, err := r.client.JS.KeyValue(t.Context(), streams.BucketCheckpoints)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := kv.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if !strings.HasSuffix(key, ".head") {
			if _, err := kv.Put(t.Context(), key, bytes.Repeat([]byte("x"), 100)); err != nil {
				t.Fatal(err)
			}
		}
	}
	client := r.connect(t)
	handler, err := features.NewHandler(config(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	second, err := merge.New(client, r.publisher(t, client), handler, always{}, slog.New(slog.DiscardHandler), features.Reading())
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Run(t.Context()); err == nil || !strings.Contains(err.Error(), merge.ErrCheckpoint.Error()) {
		t.Errorf("run on a damaged checkpoint: got %v, want %v", err, merge.ErrCheckpoint)
	}
}
