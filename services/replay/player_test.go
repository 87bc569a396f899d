package replay_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/services/replay"
	"cashtag/streams"
	"cashtag/streams/durable/sinktest"
	"cashtag/streams/streamstest"
)

// reel is a tape in memory: every third event is a tick of the market's clock.
type reel struct{ n int }

func (r reel) Fingerprint() string { return fmt.Sprintf("reel%d", r.n) }

func (r reel) Events() iter.Seq2[schemas.Event, error] {
	return func(yield func(schemas.Event, error) bool) {
		for i := range r.n {
			event := sinktest.Tweet(i)
			if i%3 == 2 {
				at := event.Time
				event = schemas.New(schemas.ClockID(schemas.MICXNYS, true, at), schemas.SourceXNYS,
					schemas.MICXNYS, at, &schemas.Clock{MIC: schemas.MICXNYS, Open: true})
			}
			if !yield(event, nil) {
				return
			}
		}
	}
}

// memory is a publisher that keeps what it is given, per stream, and fails after
// a while.
type memory struct {
	ids    map[string][]string
	places map[string]string
	left   int // events until it fails; negative for never
	at     []time.Time
}

func newMemory() *memory {
	return &memory{ids: map[string][]string{}, places: map[string]string{}, left: -1}
}

var errKilled = errors.New("killed")

func (m *memory) PublishPlaced(_ context.Context, source string, events ...streams.Placed) error {
	for _, placed := range events {
		if m.left == 0 {
			return errKilled
		}
		m.left--
		subject, err := streams.Subject(placed.Event)
		if err != nil {
			return err
		}
		stream := streams.StreamOf(subject)
		m.ids[stream] = append(m.ids[stream], placed.Event.ID)
		m.places[stream+" "+source] = placed.Place
		m.at = append(m.at, time.Now())
	}
	return nil
}

func (m *memory) lastPlace(_ context.Context, stream, source string) (string, error) {
	return m.places[stream+" "+source], nil
}

func play(t *testing.T, tape replay.Tape, m *memory, cfg replay.Config) (*replay.Player, error) {
	t.Helper()
	player, err := replay.New(tape, m, m.lastPlace, streamstest.NewSwitch(true), slog.New(slog.DiscardHandler), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return player, player.Run(t.Context())
}

func want(n int, suffix string) map[string][]string {
	ids := map[string][]string{}
	for event, err := range (reel{n}).Events() {
		if err != nil {
			panic(err) // a reel has none
		}
		subject, _ := streams.Subject(event)
		stream := streams.StreamOf(subject)
		ids[stream] = append(ids[stream], event.ID+suffix)
	}
	return ids
}

func compare(t *testing.T, got, want map[string][]string) {
	t.Helper()
	for stream := range want {
		if !slices.Equal(got[stream], want[stream]) {
			t.Errorf("stream %s: got %d ids %.200q, want %d ids %.200q", stream, len(got[stream]), got[stream], len(want[stream]), want[stream])
		}
	}
}

func TestKillAtAnyEventRepeatsNothing(t *testing.T) {
	t.Parallel()
	const n = 30
	for kill := range n {
		m := newMemory()
		m.left = kill
		cfg := replay.DefaultConfig()
		cfg.Batch = 4
		if _, err := play(t, reel{n}, m, cfg); !errors.Is(err, errKilled) {
			t.Fatalf("kill at %d: got %v, want the publisher's error", kill, err)
		}
		m.left = -1
		player, err := play(t, reel{n}, m, cfg)
		if err != nil {
			t.Fatalf("kill at %d: second run: %v", kill, err)
		}
		if got := player.Progress(); got.Played != uint64(n-kill) || got.Skipped != uint64(kill) || !got.Done {
			t.Errorf("kill at %d: got %+v, want %d played and %d skipped", kill, got, n-kill, kill)
		}
		compare(t, m.ids, want(n, ""))
	}
}

func TestAgainHasIDsOfItsOwn(t *testing.T) {
	t.Parallel()
	const n = 30
	m := newMemory()
	cfg := replay.DefaultConfig()
	for range 2 { // the second finds nothing new
		if _, err := play(t, reel{n}, m, cfg); err != nil {
			t.Fatal(err)
		}
		compare(t, m.ids, want(n, ""))
	}
	m.ids, m.left = map[string][]string{}, 10
	cfg.Again = true
	if _, err := play(t, reel{n}, m, cfg); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	m.left, cfg.Again = -1, false
	if _, err := play(t, reel{n}, m, cfg); err != nil { // goes on with the run that was killed
		t.Fatal(err)
	}
	compare(t, m.ids, want(n, "~2"))
}

func TestSpeedPacesByEventTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		cfg := replay.DefaultConfig()
		cfg.Speed = 60
		started := time.Now()
		if _, err := play(t, reel{121}, m, cfg); err != nil {
			t.Fatal(err)
		}
		if got, want := time.Since(started), 2*time.Second; got != want {
			t.Errorf("120 s of event time took %s at 60x, want %s", got, want)
		}
		if got, want := m.at[60].Sub(started), time.Second; got != want {
			t.Errorf("the event after 60 s came after %s, want %s", got, want)
		}
	})
}

func TestGateHoldsTheTape(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, gate := newMemory(), streamstest.NewSwitch(false)
		player, err := replay.New(reel{9}, m, m.lastPlace, gate, slog.New(slog.DiscardHandler), replay.DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- player.Run(t.Context()) }()
		synctest.Wait()
		if got := player.Progress().Played; got != 0 {
			t.Errorf("played %d events while the gate was off, want 0", got)
		}
		gate.Set(true)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		compare(t, m.ids, want(9, ""))
	})
}

// TestStreams plays into a real server, is cut off in the middle, and goes on.
func TestStreams(t *testing.T) {
	t.Parallel()
	const n = 3000
	server := natsdtest.Start(t)
	conn, err := server.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client, err := streams.NewClient(conn)
	if err != nil {
		t.Fatal(err)
	}
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		t.Fatal(err)
	}
	for _, stream := range topology.Streams {
		if _, err := client.JS.CreateStream(t.Context(), stream); err != nil {
			t.Fatal(err)
		}
	}
	publisher, err := streams.NewPublisher(client, streams.DefaultPublisherConfig())
	if err != nil {
		t.Fatal(err)
	}
	places := func(ctx context.Context, stream, source string) (string, error) {
		return streams.LastPlace(ctx, client, stream, source)
	}
	cfg := replay.DefaultConfig()
	cfg.Batch = 100
	for _, cut := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		player, err := replay.New(reel{n}, cutting{publisher, cancel, cut, new(int)}, places, streamstest.NewSwitch(true), slog.New(slog.DiscardHandler), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := player.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if got := player.Progress().Done; got == cut {
			t.Errorf("done is %t after a run that was cut off: %t", got, cut)
		}
		cancel()
	}
	if err := publisher.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, ids := range want(n, "") {
		stream, err := client.JS.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got := stream.CachedInfo().State.Msgs; got != uint64(len(ids)) {
			t.Errorf("stream %s holds %d messages, want %d", name, got, len(ids))
		}
		for i, id := range ids {
			msg, err := stream.GetMsg(t.Context(), uint64(i+1))
			if err != nil {
				t.Fatal(err)
			}
			if got := msg.Header.Get("Nats-Msg-Id"); got != id {
				t.Fatalf("stream %s holds %s at %d, want %s", name, got, i+1, id)
			}
		}
	}
}

// cutting ends the player's context after ten batches.
type cutting struct {
	*streams.Publisher

	cancel context.CancelFunc
	cut    bool
	calls  *int
}

func (c cutting) PublishPlaced(ctx context.Context, source string, events ...streams.Placed) error {
	if *c.calls++; c.cut && *c.calls == 10 {
		c.cancel()
	}
	return c.Publisher.PublishPlaced(ctx, source, events...)
}

func TestConfigNamesTheField(t *testing.T) {
	t.Parallel()
	_, err := replay.New(nil, nil, nil, nil, nil, replay.Config{Speed: -1, Batch: 1})
	if got, want := fmt.Sprint(err), "replay: speed is -1: must be from 0 (as fast as can be) to 1000000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEventOfAnotherStream(t *testing.T) {
	t.Parallel()
	cfg := replay.DefaultConfig()
	cfg.Streams = []string{streams.Tweets}
	_, err := play(t, reel{3}, newMemory(), cfg)
	if got, want := fmt.Sprint(err), "belongs to stream MARKET: this player feeds TWEETS alone"; !strings.Contains(got, want) {
		t.Errorf("got %q, want an error with %q", got, want)
	}
}
