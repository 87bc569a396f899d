//go:build !external

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/s3d/s3dtest"
	"cashtag/internal/demo"
	"cashtag/schemas"
	"cashtag/services/archive"
	"cashtag/streams"
	"cashtag/streams/durable"
)

// demoDay is the demo's day without most of its posts, which take long to publish.
func demoDay(t *testing.T) []schemas.Event {
	t.Helper()
	var events []schemas.Event
	posts := 0
	day, err := demo.New()
	if err != nil {
		t.Fatal(err)
	}
	for event, err := range day.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if event.Type == schemas.TypeTweet {
			if posts++; posts%10 != 0 {
				continue
			}
		}
		if quote, ok := event.Data.(*schemas.Quote); ok && quote.QuotedAt.Minute()%10 != 0 {
			continue
		}
		events = append(events, event)
	}
	return events
}

func readDataset(t *testing.T, dir, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// archiveOf stores events as one block of the archive.
func archiveOf(t *testing.T, store *archive.Store, stream string, events []schemas.Event) {
	t.Helper()
	writer, err := store.Open()
	if err != nil {
		t.Fatal(err)
	}
	block := durable.Block{
		Stream: stream, CreatedAt: time.Unix(1, 0), First: 1, Last: uint64(len(events)), Events: uint64(len(events)),
		FirstAt: time.Unix(2, 0), LastAt: time.Unix(3, 0),
	}
	for i, event := range events {
		line, err := event.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Append(durable.Message{Stream: stream, Sequence: uint64(i + 1), Data: line}); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Seal(block); err != nil {
		t.Fatal(err)
	}
	if err := writer.Store(t.Context()); err != nil {
		t.Fatal(err)
	}
	writer.Discard()
}

// A tape, the streams that it was played into and the archive of these give the same
// table, byte for byte.
func TestDatasetIsTheSameFromEverySource(t *testing.T) {
	events := demoDay(t)
	c := newCluster(t)
	c.publish(t, events...)
	server := s3dtest.Start(t)
	user := server.Credentials()
	t.Setenv("AWS_ACCESS_KEY_ID", user.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", user.SecretKey)
	cfg := archive.DefaultConfig()
	cfg.Endpoint, cfg.PathStyle, cfg.Create = server.Endpoint(), true, true
	store, err := archive.NewStore(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	byStream := make(map[string][]schemas.Event)
	for _, event := range events {
		subject, err := streams.Subject(event)
		if err != nil {
			t.Fatal(err)
		}
		byStream[streams.StreamOf(subject)] = append(byStream[streams.StreamOf(subject)], event)
	}
	for stream, of := range byStream {
		archiveOf(t, store, stream, of)
	}
	tape := filepath.Dir(tapeFile(t, tapeOf(t, events...)))
	for _, cutoff := range []string{"16:00", "09:30"} {
		dir := t.TempDir()
		build := func(from string, more ...string) {
			t.Helper()
			args := append([]string{"dataset", "build", "--from", from, "--cutoff", cutoff, "--out", filepath.Join(dir, from)}, more...)
			got := c.cashtag(t, args...)
			got.want(t, exitDone, "")
			if !strings.Contains(got.out, "rows of") {
				t.Errorf("%s: got %q, want the number of rows", from, got.out)
			}
		}
		build("tape", "--tape", tape)
		build("streams")
		build("archive", "--s3-endpoint", server.Endpoint())
		for _, file := range []string{"dataset.csv", "dataset.parquet"} {
			want := readDataset(t, filepath.Join(dir, "tape"), file)
			if bytes.Count(want, []byte("\n")) < 15 {
				t.Errorf("%s of the tape has %d lines", file, bytes.Count(want, []byte("\n")))
			}
			for _, from := range []string{"streams", "archive"} {
				if !bytes.Equal(readDataset(t, filepath.Join(dir, from), file), want) {
					t.Errorf("cut-off %s: %s from the %s differs from that of the tape", cutoff, file, from)
				}
			}
		}
	}
}

func TestDatasetWritesNothingByHalves(t *testing.T) {
	t.Parallel()
	events := demoDay(t)
	var noPrices []schemas.Event
	for _, event := range events {
		if event.Type != schemas.TypeQuote {
			noPrices = append(noPrices, event)
		}
	}
	good := filepath.Dir(tapeFile(t, tapeOf(t, events[:200]...)))
	there := t.TempDir()
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no prices": {
			[]string{"--tape", filepath.Dir(tapeFile(t, tapeOf(t, noPrices...)))},
			exitFailed,
			"no prices: labels are made from bars, and there is none: nothing was written",
		},
		"no tape":          {[]string{"--tape", t.TempDir()}, exitFailed, "no tape"},
		"no folder":        {[]string{"--tape", filepath.Join(there, "nowhere")}, exitFailed, "no such file"},
		"tape not named":   {nil, exitUsage, "--tape DIR goes with --from tape"},
		"unknown format":   {[]string{"--tape", good, "--format", "json"}, exitUsage, "--format"},
		"unknown scorer":   {[]string{"--tape", good, "--scorer", "oracle"}, exitUsage, "scorer is \"oracle\""},
		"no date":          {[]string{"--tape", good, "--until", "July"}, exitUsage, "--until is \"July\": must be a date"},
		"before all rows":  {[]string{"--tape", filepath.Dir(tapeFile(t, tapeOf(t, events...))), "--until", "2026-03-01"}, exitFailed, "no rows until 2026-03-01: the first session is 2026-03-19: nothing was written"},
		"unknown cut-off":  {[]string{"--tape", good, "--cutoff", "12:00"}, exitUsage, "--cutoff"},
		"archive and tape": {[]string{"--from", "archive", "--tape", good}, exitUsage, "--tape DIR goes with"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var out, err bytes.Buffer
			args := append([]string{"dataset", "build", "--out", filepath.Join(dir, "set")}, test.args...)
			code := Main(t.Context(), args, Console{In: strings.NewReader(""), Out: &out, Err: &err})
			if code != test.code || !strings.Contains(err.String(), test.says) {
				t.Errorf("got exit code %d and %q, want %d and %q", code, err.String(), test.code, test.says)
			}
			left, readErr := os.ReadDir(dir)
			if readErr != nil || len(left) != 0 {
				t.Errorf("got %v in the folder (%v), want nothing", left, readErr)
			}
		})
	}
	var out, err bytes.Buffer
	code := Main(t.Context(), []string{"dataset", "build", "--tape", good, "--out", there}, Console{In: strings.NewReader(""), Out: &out, Err: &err})
	if code != exitUsage || !strings.Contains(err.String(), "is there already") {
		t.Errorf("into a folder that is there: got exit code %d and %q", code, err.String())
	}
}
