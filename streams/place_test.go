package streams_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/streams"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// tape is n events whose place is their index.
func tape(prefix string, n int) []streams.Placed {
	placed := make([]streams.Placed, n)
	for i, event := range tweets(prefix, n) {
		placed[i] = streams.Placed{Event: event, Place: strconv.Itoa(i)}
	}
	return placed
}

func eventsOf(placed []streams.Placed) []schemas.Event {
	events := make([]schemas.Event, len(placed))
	for i, p := range placed {
		events[i] = p.Event
	}
	return events
}

func lastPlace(tb testing.TB, client *streams.Client, source string) string {
	tb.Helper()
	place, err := streams.LastPlace(tb.Context(), client, streams.Tweets, source)
	if err != nil {
		tb.Fatalf("last place of %s: %v", source, err)
	}
	return place
}

func TestLastPlace(t *testing.T) {
	client := inProcess(t, natsdtest.Start(t))
	createStreams(t, client, nil)
	publisher := newPublisher(t, client, nil)
	placed := func(source string, events []streams.Placed) {
		t.Helper()
		if err := publisher.PublishPlaced(t.Context(), source, events...); err != nil {
			t.Fatalf("publish: %v", err)
		}
	}
	check := func(when, source, want string) {
		t.Helper()
		if got := lastPlace(t, client, source); got != want {
			t.Errorf("%s: place of %s: got %q, want %q", when, source, got, want)
		}
	}
	stream, err := client.JS.Stream(t.Context(), streams.Tweets)
	if err != nil {
		t.Fatalf("stream: %v", err)
	}
	remove := func(sequence uint64) {
		t.Helper()
		if err := stream.DeleteMsg(t.Context(), sequence); err != nil {
			t.Fatalf("delete %d: %v", sequence, err)
		}
	}

	check("empty stream", "tape", "")
	placed("tape", tape("a", 1)) // 1
	check("one event", "tape", "0")
	check("one event", "tap", "")
	placed("tape", tape("b", 2500)) // 2 to 2501, in three batches
	check("several batches", "tape", "2499")
	placed("other", tape("c", 5)) // 2502 to 2506
	check("another source behind it", "tape", "2499")
	check("another source behind it", "other", "4")
	if err := publisher.Publish(t.Context(), tweets("plain", 4000)...); err != nil { // 2507 to 6506
		t.Fatalf("publish: %v", err)
	}
	check("many without a place behind it", "tape", "2499")
	check("many without a place behind it", "other", "4")
	check("many without a place behind it", "nobody", "")
	remove(6506)
	check("last message deleted", "other", "4")
	remove(2506)
	check("its last message deleted", "other", "3")
	for sequence := uint64(5400); sequence < 6506; sequence++ {
		remove(sequence)
	}
	check("a gap as long as the first look", "other", "3")
	if err := stream.Purge(t.Context(), jetstream.WithPurgeSequence(2504)); err != nil {
		t.Fatalf("purge: %v", err)
	}
	check("the beginning purged", "tape", "")
	check("the beginning purged", "other", "3")
	if err := stream.Purge(t.Context()); err != nil {
		t.Fatalf("purge: %v", err)
	}
	check("purged", "other", "")
	placed("tape", tape("d", 1))
	check("after a purge", "tape", "0")
	if _, err := streams.LastPlace(t.Context(), client, "NONE", "tape"); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("missing stream: got %v, want %v", err, jetstream.ErrStreamNotFound)
	}
}

// Of every message that a source left, its place is the one of its own event.
func TestEachEventCarriesItsPlace(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			client := inProcess(t, natsdtest.Start(t, mode.server))
			createStreams(t, client, mode.stream)
			publisher := newPublisher(t, client, nil)
			events := tape("a", 1200)
			// What is stored already forces a part of the tape to be published singly.
			if err := publisher.PublishPlaced(t.Context(), "tape", events[:10]...); err != nil {
				t.Fatalf("publish: %v", err)
			}
			if err := publisher.PublishPlaced(t.Context(), "tape", events...); err != nil {
				t.Fatalf("publish: %v", err)
			}
			all := contents(t, client, streams.Tweets)
			checkOnce(t, ids(all), eventsOf(events))
			for i, m := range all {
				if got, want := m.Headers().Get(streams.HeaderPlace), "tape "+strconv.Itoa(i); got != want {
					t.Fatalf("message %d: place is %q, want %q", i+1, got, want)
				}
			}
		})
	}
}

func TestPublishPlacedRefusesABadPlace(t *testing.T) {
	client := inProcess(t, natsdtest.Start(t))
	createStreams(t, client, nil)
	publisher := newPublisher(t, client, nil)
	cases := []struct{ name, source, place, want string }{
		{"no source", "", "1", `publish event "x:1": place source is "": must be 1 to 64 printable ASCII characters without spaces`},
		{"a space in the source", "a b", "1", `publish event "x:1": place source is "a b": must be 1 to 64 printable ASCII characters without spaces`},
		{"no place", "tape", "", `publish event "x:1": place is "": must be 1 to 512 printable ASCII characters without a space at either end`},
		{"a line end", "tape", "1\r\nX: y", `publish event "x:1": place is "1\r\nX: y": must be 1 to 512 printable ASCII characters without a space at either end`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := publisher.PublishPlaced(t.Context(), c.source, streams.Placed{Event: tweet("1"), Place: c.place})
			if got := fmt.Sprint(err); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if got := contents(t, client, streams.Tweets); len(got) != 0 {
		t.Errorf("stored: got %d events, want none", len(got))
	}
}

const (
	tapeLength = 12000
	envTapeURL = "CASHTAG_TEST_TAPE_URL"
)

// TestKilledSourceGoesOn runs a source as a process of its own and kills it, again
// and again. The server forgets ids at once, so that the place alone keeps the
// next process from storing an event twice.
func TestKilledSourceGoesOn(t *testing.T) {
	if address := os.Getenv(envTapeURL); address != "" {
		playTape(t, address)
		return
	}
	server := natsdtest.Start(t)
	client := inProcess(t, server)
	const window = 100 * time.Millisecond // the shortest there is
	createStreams(t, client, func(c *jetstream.StreamConfig) { c.Duplicates = window })
	kills := 0
	for run := 0; ; run++ {
		if run > 100 {
			t.Fatal("the tape never ended")
		}
		source := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledSourceGoesOn$")
		source.Env = append(os.Environ(), envTapeURL+"="+server.ClientURL())
		before := stored(t, client)
		if err := source.Start(); err != nil {
			t.Fatalf("start source: %v", err)
		}
		ended := make(chan error, 1)
		go func() { ended <- source.Wait() }()
		target := before + uint64(1+rand.IntN(tapeLength/4))
		killed := false
		tick := time.NewTicker(time.Millisecond)
		for ; !killed && len(ended) == 0; <-tick.C {
			if n := stored(t, client); n >= target && n < tapeLength {
				killed = true
				_ = source.Process.Kill()
			}
		}
		tick.Stop()
		if err := <-ended; err != nil && !killed {
			t.Fatalf("source: %v", err)
		} else if err == nil {
			break
		}
		kills++
		<-time.After(2 * window)
	}
	if kills == 0 {
		t.Error("the source was never killed, so nothing was shown")
	}
	checkOnce(t, ids(contents(t, client, streams.Tweets)), eventsOf(tape("tape", tapeLength)))
}

func stored(tb testing.TB, client *streams.Client) uint64 {
	tb.Helper()
	stream, err := client.JS.Stream(tb.Context(), streams.Tweets)
	if err != nil {
		tb.Fatalf("stream: %v", err)
	}
	return stream.CachedInfo().State.Msgs
}

// playTape is the source: it goes on behind its last place.
func playTape(t *testing.T, address string) {
	t.Helper()
	conn, err := nats.Connect(address)
	client := clientOf(t, conn, err)
	publisher := newPublisher(t, client, nil)
	rest := tape("tape", tapeLength)
	if place := lastPlace(t, client, "tape"); place != "" {
		done, err := strconv.Atoi(place)
		if err != nil {
			t.Fatalf("place: %v", err)
		}
		rest = rest[done+1:]
	}
	for len(rest) > 0 {
		n := min(len(rest), 1+rand.IntN(1500))
		if err := publisher.PublishPlaced(t.Context(), "tape", rest[:n]...); err != nil {
			t.Fatalf("publish: %v", err)
		}
		rest = rest[n:]
	}
}
