//go:build shared && !external

package main

import (
	"os"
	"path/filepath"
	"testing"

	"cashtag/internal/tape"
	"cashtag/streams"
)

// sharedTape is the directory of the recorded sample beside the project.
func sharedTape(t *testing.T) string {
	t.Helper()
	root := os.Getenv("CASHTAG_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir, err := filepath.Abs(filepath.Join(root, "stocknet"))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func sharedTapeIDs(t *testing.T, dir string) map[string][]string {
	t.Helper()
	reel, err := tape.Open(os.DirFS(dir), tape.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return idsOf(t, reel.Events())
}

func TestRecordedTape(t *testing.T) {
	t.Parallel()
	recorded, dir := sharedTape(t), filepath.Join(t.TempDir(), "data")
	want := sharedTapeIDs(t, recorded)
	p := startProcess(t, upArgs(t, dir, "--tape", recorded, "--speed", "max", "--drain", "--json")...)
	if code := p.wait(t); code != exitDone {
		t.Fatalf("exit code %d, want %d", code, exitDone)
	}
	checkFigures(t, p.stdout.Bytes(), want)
	checkFarEnds(t, dir, want, "--tape", recorded)
	reel, err := tape.Open(os.DirFS(recorded), tape.Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkBytes(t, dir, reel.Events())
}

func TestKilledRecordedTape(t *testing.T) {
	t.Parallel()
	recorded, dir := sharedTape(t), filepath.Join(t.TempDir(), "data")
	want := sharedTapeIDs(t, recorded)
	for _, share := range []float64{0.05, 0.3, 0.6, 0.95} {
		p := startProcess(t, upArgs(t, dir, "--tape", recorded, "--speed", "max", "--drain", "--json")...)
		p.killAt(t, share, len(want[streams.Tweets]))
	}
	p := startProcess(t, upArgs(t, dir, "--tape", recorded, "--speed", "max", "--drain", "--json")...)
	if code := p.wait(t); code != exitDone {
		t.Fatalf("exit code %d, want %d", code, exitDone)
	}
	checkFigures(t, p.stdout.Bytes(), want)
	checkFarEnds(t, dir, want, "--tape", recorded)
}
