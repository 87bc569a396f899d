package main

import (
	"bytes"
	"strings"
	"testing"

	"cashtag/streams"
)

func TestTapeRecord(t *testing.T) {
	t.Parallel()
	const stored = 5000 // several requests of the reader
	c := newCluster(t)
	events, lines := tweets(t, stored)
	c.publish(t, events...)
	stream, err := c.client.JS.Stream(t.Context(), streams.Tweets)
	if err != nil {
		t.Fatal(err)
	}
	for _, sequence := range []uint64{1, 2, 100, stored - 1, stored} {
		if err := stream.DeleteMsg(t.Context(), sequence); err != nil {
			t.Fatal(err)
		}
		lines[sequence-1] = ""
	}
	tests := []struct {
		name      string
		args      []string
		want      []string
		complaint string
	}{
		{"all", nil, lines, "recorded 4995 events of TWEETS, sequences 3 to 5000 (3 of them are no longer there)"},
		{"from", []string{"--from", "4000"}, lines[3999:], "recorded 999 events of TWEETS, sequences 4000 to 5000"},
		{"to", []string{"--to", "3"}, lines[:3], "recorded 1 events of TWEETS, sequences 3 to 3"},
		{"to a hole", []string{"--from", "90", "--to", "100"}, lines[89:100], "recorded 10 events"},
		{"a hole", []string{"--from", "100", "--to", "100"}, nil, "recorded 0 events"},
		{"the holes at the end", []string{"--from", "4999"}, nil, "recorded 0 events"},
		{"beyond the end", []string{"--from", "5001"}, nil, "nothing to record: TWEETS holds sequences 3 to 5000"},
		{"before the beginning", []string{"--to", "2"}, nil, "nothing to record"},
		{"to beyond the end", []string{"--to", "9000"}, lines, "sequences 3 to 5000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := c.cashtag(t, append([]string{"tape", "record", "--stream", "TWEETS"}, test.args...)...)
			got.want(t, exitDone, test.complaint)
			if want := strings.Join(test.want, ""); got.out != want {
				t.Errorf("got %d bytes, want %d, the events in their order", len(got.out), len(want))
			}
		})
	}
}

func TestTapeRecordBadPayload(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for _, payload := range []string{`{"a":1}`, "{\n}", "not JSON", "", `{"b":2}` + "\r\n", `{"c":3} {}`} {
		c.publishRaw(t, "tweets.x.AAPL", payload)
	}
	got := c.cashtag(t, "tape", "record", "--stream", "TWEETS")
	if want := "{\"a\":1}\n{\"b\":2}\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	want := `cashtag: TWEETS/2 is not one line of JSON: left out
cashtag: TWEETS/3 is not one line of JSON: left out
cashtag: TWEETS/4 is not one line of JSON: left out
cashtag: TWEETS/6 is not one line of JSON: left out
cashtag: recorded 2 events of TWEETS, sequences 1 to 6
cashtag: 4 messages of TWEETS are not one line of JSON and were left out
`
	if got.code != exitFailed || got.err != want {
		t.Errorf("got code %d and\n%s\nwant 1 and\n%s", got.code, got.err, want)
	}
}

func TestTapeRecordMistakes(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.cashtag(t, "tape", "record", "--stream", "TWEET").want(t, exitUsage, `there is no stream "TWEET": must be one of TWEETS, QUOTES,`)
	c.cashtag(t, "tape", "record", "--stream", "a b").want(t, exitUsage, `there is no stream "a b"`)
	c.cashtag(t, "tape", "record", "--stream", "TWEETS", "--from", "5", "--to", "4").want(t, exitUsage, "--to is 4: must not be below --from, 5")
	c.cashtag(t, "tape", "record", "--stream", "TWEETS").want(t, exitDone, "nothing to record")
}

// removing takes the messages away that a recording waits for, once it has begun.
type removing struct {
	bytes.Buffer
	remove func()
}

func (w *removing) Write(p []byte) (int, error) {
	if w.remove != nil {
		w.remove()
		w.remove = nil
	}
	return w.Buffer.Write(p)
}

// A stream may drop what was there at the start while it is recorded.
func TestTapeRecordEndsWhenTheRestIsGone(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	big := `"` + strings.Repeat("x", 1<<20) + `"`
	const stored = 64 // more than the reader asks for at once
	for range stored {
		c.publishRaw(t, "tweets.x.AAPL", big)
	}
	stream, err := c.client.JS.Stream(t.Context(), streams.Tweets)
	if err != nil {
		t.Fatal(err)
	}
	out := &removing{remove: func() {
		if err := stream.Purge(t.Context()); err != nil {
			t.Error(err)
		}
	}}
	var complaint bytes.Buffer
	code := Main(t.Context(), []string{"tape", "record", "--stream", "TWEETS", "--nats-url", c.url}, Console{Out: out, Err: &complaint})
	if code != exitDone || !strings.Contains(complaint.String(), "are no longer there") {
		t.Errorf("got code %d and %q, want 0 and how many are gone", code, complaint.String())
	}
	if n := strings.Count(out.String(), "\n"); n == 0 || n == stored {
		t.Errorf("got %d events, want some and not all", n)
	}
}
