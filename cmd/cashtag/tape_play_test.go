package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable/sinktest"
)

// TestTapeRoundTrip records, plays elsewhere, and records that.
func TestTapeRoundTrip(t *testing.T) {
	t.Parallel()
	c, elsewhere := newCluster(t), newCluster(t)
	events, _ := tweets(t, 2500)
	c.publish(t, events...)
	recorded := c.cashtag(t, "tape", "record", "--stream", "TWEETS")
	recorded.want(t, exitDone, "recorded 2500 events")
	path := tapeFile(t, recorded.out)

	elsewhere.cashtag(t, "tape", "play", path).want(t, exitDone, "played 2500 events")
	again := elsewhere.cashtag(t, "tape", "record", "--stream", "TWEETS")
	if again.out != recorded.out {
		t.Errorf("got another tape of %d bytes, want the same %d", len(again.out), len(recorded.out))
	}

	elsewhere.cashtag(t, "tape", "play", path).want(t, exitDone,
		"played 0 events in")
	if got := elsewhere.messages(t, streams.Tweets); got != 2500 {
		t.Errorf("got %d events after the second play, want 2500", got)
	}
	elsewhere.cashtag(t, "tape", "play", path, "--again").want(t, exitDone, "played 2500 events")
	if got := elsewhere.messages(t, streams.Tweets); got != 5000 {
		t.Errorf("got %d events after --again, want 5000", got)
	}
	// The same name, other content: another tape.
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(recorded.out, `"id":"x:`, `"id":"x:9`)), 0o600); err != nil {
		t.Fatal(err)
	}
	elsewhere.cashtag(t, "tape", "play", path).want(t, exitDone, "played 2500 events")
}

func TestTapePlayBadLines(t *testing.T) {
	t.Parallel()
	_, lines := tweets(t, 3)
	content := lines[0] + "{broken\n" + lines[1] + "\n" + strings.Replace(lines[2], `"x"`, `"y"`, 1) + lines[2]
	for _, piped := range []bool{false, true} {
		c := newCluster(t)
		path, shown := tapeFile(t, content), "standard input"
		var got ended
		if piped {
			got = c.piped(t, strings.NewReader(content), nil, "tape", "play", "-")
		} else {
			shown = path
			got = c.cashtag(t, "tape", "play", path)
		}
		if got.code != exitFailed {
			t.Errorf("got exit code %d, want 1", got.code)
		}
		for _, want := range []string{
			"cashtag: " + shown + ":2: malformed event",
			"cashtag: " + shown + ":5: ",
			"cashtag: played 3 events in ",
			"cashtag: 2 bad lines in " + shown + " were left out\n",
		} {
			if !strings.Contains(got.err, want) {
				t.Errorf("got %q, want %q in it", got.err, want)
			}
		}
		if n := c.messages(t, streams.Tweets); n != 3 {
			t.Errorf("got %d events stored, want 3", n)
		}
	}
}

// A line may fit and its event not, since some characters are written longer.
func TestTapePlayEventTooLong(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	_, lines := tweets(t, 2)
	at := time.Date(2014, 5, 1, 5, 54, 53, 0, time.UTC)
	event := schemas.New("01J00000000000000000000000", schemas.ServiceSource("mongo"), "mongo", at,
		&schemas.Log{Service: "mongo", Level: schemas.LevelInfo, Message: "m", Attributes: map[string]any{"a": "LONG"}})
	line, err := event.Encode()
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Replace(string(line), "LONG", strings.Repeat("\u2028", 300_000), 1) + "\n"
	got := c.piped(t, strings.NewReader(lines[0]+long+lines[1]), nil, "tape", "play", "-")
	if got.code != exitFailed || !strings.Contains(got.err, `event "01J00000000000000000000000": `) ||
		!strings.Contains(got.err, "played 2 events") || !strings.Contains(got.err, "1 bad lines") {
		t.Errorf("got code %d and %q, want 1, the event named, and 2 played", got.code, got.err)
	}
	if n := c.messages(t, streams.Tweets); n != 2 {
		t.Errorf("got %d events stored, want 2", n)
	}
}

func TestTapePlaySpeed(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	first, last := sinktest.Tweet(0), sinktest.Tweet(1)
	last.Time = first.Time.Add(30 * time.Second)
	started := time.Now()
	c.cashtag(t, "tape", "play", tapeFile(t, tapeOf(t, first, last)), "--speed", "60").want(t, exitDone, "played 2 events")
	if took := time.Since(started); took < 500*time.Millisecond {
		t.Errorf("got 30 s of events played at 60 in %s, want at least 500ms", took)
	}
}

func TestTapePlayMistakes(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	dir := t.TempDir()
	tests := []struct {
		name      string
		args      []string
		complaint string
	}{
		{"no file", []string{filepath.Join(dir, "day.ndjson")}, "there is no file "},
		{"a directory", []string{dir}, "is a directory: name a file of events"},
		{"a device", []string{os.DevNull}, "is not a file: pipe it into"},
		{"again from a pipe", []string{"-", "--again"}, "--again is for files"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c.cashtag(t, append([]string{"tape", "play"}, test.args...)...).want(t, exitUsage, test.complaint)
		})
	}
	for _, speed := range []string{"0", "-1", "fast", "NaN", "Inf", "1e9", ""} {
		got := c.cashtag(t, "tape", "play", tapeFile(t, ""), "--speed="+speed)
		if got.code != exitUsage || !strings.Contains(got.err, "must be max, or a number above 0") {
			t.Errorf("speed %q: got code %d and %q, want 2 and what is allowed", speed, got.code, got.err)
		}
	}
}

// Standard input may say nothing for as long as it likes, and still Ctrl-C ends
// the command.
func TestTapePlayInterrupted(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	silent, writer := io.Pipe()
	defer writer.Close()
	interrupts := make(chan os.Signal, 1)
	interrupts <- os.Interrupt
	c.piped(t, silent, interrupts, "tape", "play", "-").want(t, exitInterrupted, "interrupted after 0 events")
}

// An interrupted file goes on where it stopped.
func TestTapePlayGoesOn(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	first, last := sinktest.Tweet(0), sinktest.Tweet(1)
	last.Time = first.Time.Add(24 * time.Hour)
	path := tapeFile(t, tapeOf(t, first, last))
	interrupts := make(chan os.Signal, 1)
	done := make(chan ended, 1)
	go func() { done <- c.piped(t, strings.NewReader(""), interrupts, "tape", "play", path, "--speed", "1") }()
	soon(t, "the first event", func() bool { return c.messages(t, streams.Tweets) == 1 })
	interrupts <- os.Interrupt
	(<-done).want(t, exitInterrupted, "interrupted after 1 events: play it again to go on from there")
	c.cashtag(t, "tape", "play", path).want(t, exitDone, "1 were there from playing this file before")
	if n := c.messages(t, streams.Tweets); n != 2 {
		t.Errorf("got %d events stored, want 2", n)
	}
}
