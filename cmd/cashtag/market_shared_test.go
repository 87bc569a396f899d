//go:build shared

package main

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"testing"
)

// The sessions of the record, byte for byte.
func TestMarketCSVIsTheRecord(t *testing.T) {
	t.Parallel()
	root := cmp.Or(os.Getenv("CASHTAG_SHARED"), filepath.Join("..", "..", "..", "shared", "data"))
	want, err := os.ReadFile(filepath.Join(root, "xnys", "sessions_1990_2020.csv"))
	if err != nil {
		t.Fatal(err)
	}
	var out, complaint bytes.Buffer
	args := []string{"market", "--from", "1990-01-01", "--to", "2020-12-31", "--csv"}
	if code := Main(t.Context(), args, Console{Out: &out, Err: &complaint}); code != exitDone || complaint.Len() > 0 {
		t.Fatalf("got exit code %d, %s", code, complaint.String())
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("got %d bytes that differ from the %d of the record", out.Len(), len(want))
	}
}
