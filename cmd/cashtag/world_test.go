//go:build !external

package main

import (
	"bytes"
	"encoding/json"
	"iter"
	"path/filepath"
	"testing"

	"cashtag/embedded/natsd"
	"cashtag/internal/calendar"
	"cashtag/internal/demo"
	"cashtag/schemas"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// checkBytes wants the data directory's streams to hold exactly the events, byte
// for byte, once each.
func checkBytes(t *testing.T, dir string, events iter.Seq2[schemas.Event, error]) {
	t.Helper()
	want := encodedDay(t, events)
	cfg := natsd.DefaultConfig()
	cfg.Dir, cfg.Port = filepath.Join(dir, "nats"), -1
	server, err := natsd.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	conn, err := server.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{streams.Tweets, streams.Quotes, streams.Market} {
		checkStream(t, js, name, want[name])
	}
}

// encodedDay are the events as they are stored, by stream and id.
func encodedDay(t *testing.T, events iter.Seq2[schemas.Event, error]) map[string]map[string][]byte {
	t.Helper()
	want := map[string]map[string][]byte{}
	for event, err := range events {
		if err != nil {
			t.Fatal(err)
		}
		line, err := event.Encode()
		if err != nil {
			t.Fatal(err)
		}
		stream := streamOf(event)
		if want[stream] == nil {
			want[stream] = map[string][]byte{}
		}
		want[stream][event.ID] = line
	}
	return want
}

func checkStream(t *testing.T, js jetstream.JetStream, name string, want map[string][]byte) {
	t.Helper()
	stream, err := js.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	left := stream.CachedInfo().State.Msgs
	if left != uint64(len(want)) {
		t.Errorf("%s holds %d events, want %d", name, left, len(want))
	}
	consumer, err := js.OrderedConsumer(t.Context(), name, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for ; left > 0 && wrong < 5; left-- {
		message, err := consumer.Next()
		if err != nil {
			t.Fatalf("read %s: %v", name, err)
		}
		id := message.Headers().Get(jetstream.MsgIDHeader)
		if line, ok := want[id]; !ok || !bytes.Equal(message.Data(), line) {
			wrong++
			t.Errorf("%s: event %q is\n%s\nwant\n%s", name, id, message.Data(), line)
		}
		delete(want, id)
	}
	if wrong == 0 && len(want) > 0 {
		t.Errorf("%s lacks %d events", name, len(want))
	}
}

// TestWorldIsTheTape plays the demo day through the stand-ins and the real sources.
func TestWorldIsTheTape(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	p := startProcess(t, upArgs(t, dir, "--speed", "max", "--drain", "--only", "twitter,replay")...)
	if code := p.wait(t); code != exitDone {
		t.Fatalf("exit code %d, want %d", code, exitDone)
	}
	day, err := demo.New()
	if err != nil {
		t.Fatal(err)
	}
	checkBytes(t, dir, day.Events())
}

// TestGatedWorld plays the demo day to sources that follow the market: every post
// of the session is taken, and what was said before nobody listened is not.
func TestGatedWorld(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	p := startProcess(t, upArgs(t, dir, "--gate", "--speed", "max", "--drain", "--json", "--only", "twitter,replay")...)
	if code := p.wait(t); code != exitDone {
		t.Fatalf("exit code %d, want %d", code, exitDone)
	}
	day, err := demo.New()
	if err != nil {
		t.Fatal(err)
	}
	within, all := uint64(0), uint64(0)
	for event, err := range day.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := event.Data.(*schemas.Tweet); !ok {
			continue
		}
		all++
		if _, open := calendar.XNYS().At(event.Time); open {
			within++
		}
	}
	var got figures
	if err := json.Unmarshal(p.stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if posts := got.Streams[streams.Tweets].Messages; posts < within || posts == all {
		t.Errorf("TWEETS holds %d posts, want the %d of the session, and not all %d of the day", posts, within, all)
	}
}
