//go:build shared

package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The recorded tape: 65 sessions of ten tickers, each of which says something of the
// session after it. All rows have a label, since the prices go on for a week.
func TestDatasetOfTheRecordedTape(t *testing.T) {
	t.Parallel()
	root := cmp.Or(os.Getenv("CASHTAG_SHARED"), filepath.Join("..", "..", "..", "shared", "data"))
	out := filepath.Join(t.TempDir(), "set")
	var said, complained bytes.Buffer
	args := []string{"dataset", "build", "--tape", filepath.Join(root, "stocknet"), "--out", out}
	if code := Main(t.Context(), args, Console{In: strings.NewReader(""), Out: &said, Err: &complained}); code != exitDone {
		t.Fatalf("exit code %d: %s", code, complained.String())
	}
	if want := "650 rows of 29 features, 2014-05-01 to 2014-08-01, from 9195 posts and 650 bars"; !strings.Contains(said.String(), want) {
		t.Errorf("got %q, want %q", said.String(), want)
	}
	records, err := csv.NewReader(bytes.NewReader(readShared(t, filepath.Join(out, "dataset.csv")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	movement, known := slices.Index(records[0], "label_return"), 0
	for _, record := range records[1:] {
		if record[movement] != "" {
			known++
		}
	}
	if known != 650 {
		t.Errorf("labelled: got %d rows, want 650", known)
	}
}

func readShared(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
