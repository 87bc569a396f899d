package features_test

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/features"
	"cashtag/streams"
	"cashtag/streams/merge"
	"cashtag/streams/streamstest"
)

// rig is a server with the topology.
type rig struct{ *streamstest.Server }

func newRig(t *testing.T) rig {
	t.Helper()
	return rig{streamstest.Start(t)}
}

// reader is the service with its own permissions, which must suffice.
func (r rig) reader(t *testing.T) (*merge.Reader, *streams.Client) {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	handler, err := features.NewHandler(config(), logger)
	if err != nil {
		t.Fatal(err)
	}
	cfg := features.Reading()
	cfg.Poll, cfg.CommitEvents, cfg.CommitPause = 5*time.Millisecond, 300, 0
	client := r.ConnectAs(t, streams.ServiceFeatures)
	reader, err := merge.New(client, streamstest.NewPublisher(t, client), handler, streamstest.NewSwitch(true), logger, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return reader, client
}

// start runs a worker until stop or kill is called; kill cuts its connection first.
func (r rig) start(t *testing.T) (reader *merge.Reader, stop, kill func()) {
	t.Helper()
	reader, client := r.reader(t)
	running := streamstest.Run(t, reader.Run)
	stop = func() {
		if err := running.Stop(t); err != nil {
			t.Errorf("run: %v", err)
		}
	}
	return reader, stop, func() { client.Conn.Close(); stop() }
}

// settle waits until everything is covered.
func (r rig) settle(t *testing.T, reader *merge.Reader) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), streamstest.Patience)
	defer cancel()
	for _, name := range features.Reading().Streams {
		if err := reader.Flush(ctx, name, r.Last(t, name)); err != nil {
			t.Fatalf("%v, stats %+v", err, reader.Stats())
		}
	}
}

// made reads the stream FEATURES. No id may be there twice.
func (r rig) made(t *testing.T) *finals {
	t.Helper()
	found, ids := newFinals(t), map[string]bool{}
	stream, err := r.Client.JS.Stream(t.Context(), streams.Features)
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
	r.Publish(t, shuffled(rand.New(rand.NewPCG(9, 9)), events, 20*time.Minute)...)
	reader, stop, _ := r.start(t)
	r.settle(t, reader)
	stop()
	sameFinals(t, r.made(t), direct(t, events))
	if stats := reader.Stats(); stats.Published == 0 || stats.Checkpoints < 3 || stats.Missing != 0 || stats.Invalid != 0 {
		t.Errorf("stats: got %+v", stats)
	}
	durable, err := r.Client.JS.Consumer(t.Context(), streams.Tweets, streams.ServiceFeatures)
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
		r.Publish(t, part...)
		reader, _, kill := r.start(t)
		other, _, killOther := r.start(t)
		streamstest.Eventually(t, "two checkpoints", func() bool { return reader.Stats().Checkpoints+other.Stats().Checkpoints >= 2 })
		kill()
		killOther()
	}
	reader, stop, _ := r.start(t)
	r.settle(t, reader)
	stop()
	sameFinals(t, r.made(t), direct(t, events))
}

// The scores come after the clock went on: the vectors wait for them, and where they
// never come, are made without.
func TestTheClockWaitsForScores(t *testing.T) {
	t.Parallel()
	at := when(t, "2014-07-01 14:00:00")
	r := newRig(t)
	r.Publish(t, tick(at.Add(-time.Hour)), newPost("1", at, "a", "x", "T"), tick(at.Add(10*time.Minute)))
	reader, stop, _ := r.start(t)
	defer stop()
	streamstest.Eventually(t, "the post read", func() bool { return reader.Stats().Read[streams.Tweets] == 1 })
	r.Publish(t, newScore("1", at, "T", "positive", 1))
	streamstest.Eventually(t, "the vectors", func() bool { return reader.Stats().Published >= 2 })
	for _, vector := range r.made(t).all {
		if vector.Counts.Scored != 1 {
			t.Errorf("%s: got %d scored, want the one: the clock did not wait", vector.Window, vector.Counts.Scored)
		}
	}
	before := reader.Stats().Published
	r.Publish(t, newPost("2", at.Add(time.Hour), "a", "x", "T"), tick(at.Add(80*time.Minute)))
	streamstest.Eventually(t, "the vectors without a score", func() bool { return reader.Stats().Published >= before+2 })
}

func TestWhatIsNoEventIsPassedOver(t *testing.T) {
	t.Parallel()
	at := when(t, "2014-07-01 14:00:00")
	r := newRig(t)
	if _, err := r.Client.JS.Publish(t.Context(), "tweets.x.T", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	r.Publish(t, tick(at.Add(-time.Hour)), newPost("1", at, "a", "x", "T"), newScore("1", at, "T", "positive", 1), tick(at.Add(10*time.Minute)))
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
	r.Publish(t, world(t, 1)...)
	reader, stop, _ := r.start(t)
	r.settle(t, reader)
	stop()
	kv, err := r.Client.JS.KeyValue(t.Context(), streams.BucketCheckpoints)
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
	second, _ := r.reader(t)
	if err := second.Run(t.Context()); err == nil || !strings.Contains(err.Error(), merge.ErrCheckpoint.Error()) {
		t.Errorf("run on a damaged checkpoint: got %v, want %v", err, merge.ErrCheckpoint)
	}
}
