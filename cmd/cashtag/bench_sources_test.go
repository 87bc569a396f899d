//go:build !external

package main

import (
	"encoding/json"
	"slices"
	"testing"

	"cashtag/schemas"
	"cashtag/services/bluesky"
)

func TestBenchSources(t *testing.T) {
	code, stdout, stderr := runBench(t, "sources", "--seconds", "0.01", "--json")
	if code != exitDone {
		t.Fatalf("exit code is %d, want %d; it wrote\n%s", code, exitDone, stderr)
	}
	var figures []sourceFigures
	if err := json.Unmarshal([]byte(stdout), &figures); err != nil {
		t.Fatalf("decode %q: %v", stdout, err)
	}
	var paths []string
	for _, f := range figures {
		paths = append(paths, f.Path)
		if f.Events < 1000 || f.EventsPerS <= 0 || f.EventsPerCore <= 0 || f.AllocsPerEvent <= 0 || f.BytesPerEvent <= 0 {
			t.Errorf("got %+v, want all figures above 0, of 1000 events at least", f)
		}
	}
	want := []string{"x decode", "bluesky decode", "alpaca decode", "x client", "bluesky client", "alpaca client"}
	if !slices.Equal(paths, want) {
		t.Errorf("got paths %q, want %q", paths, want)
	}
}

func TestBenchSourcesRefuses(t *testing.T) {
	for _, seconds := range []string{"0", "61"} {
		if code, _, stderr := runBench(t, "sources", "--seconds", seconds); code != exitUsage {
			t.Errorf("--seconds %s: got exit code %d and %q, want wrong use", seconds, code, stderr)
		}
	}
}

// TestRecordedBluesky holds that what is decoded is what the command says: one frame
// in about 50 names a ticker, and every post is there.
func TestRecordedBluesky(t *testing.T) {
	day, err := newSourceDay()
	if err != nil {
		t.Fatal(err)
	}
	frames, err := day.recordBluesky(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	decoder, found := bluesky.NewDecoder(day.skyConfig()), []schemas.Event(nil)
	for _, frame := range frames {
		reading, err := decoder.Decode(bluesky.V2, frame)
		if err != nil {
			t.Fatal(err)
		}
		if reading.Found {
			found = append(found, reading.Event)
		}
	}
	if len(found) != sourceNamed || len(frames) < 32*sourceNamed {
		t.Errorf("got %d posts in %d frames, want %d among 32 times as many at least", len(found), len(frames), sourceNamed)
	}
}
