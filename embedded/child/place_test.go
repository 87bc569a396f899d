package child_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/child"
)

func TestCheckLoopback(t *testing.T) {
	tests := []struct {
		name, addr string
		want       string // "" is allowed
	}{
		{"any port", "127.0.0.1:0", ""},
		{"other loopback", "127.8.0.1:27017", ""},
		{"version 6", "[::1]:27017", ""},
		{"name", "localhost:27017", ""},
		{"all interfaces", "0.0.0.0:27017", `host "0.0.0.0" is not a loopback address`},
		{"no host", ":27017", `host "" is not a loopback address`},
		{"other machine", "mongo.example:27017", `host "mongo.example" is not a loopback address`},
		{"no port", "127.0.0.1", "missing port"},
		{"port too high", "127.0.0.1:65536", `port "65536" is not a number from 0 to 65535`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := child.CheckLoopback(tt.addr)
			if tt.want == "" && err != nil {
				t.Errorf("got error %v, want none", err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestOwnDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	release, err := child.OwnDir(t.Context(), dir, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("got entries %v, %v, want the lock alone", entries, err)
	}

	want := "directory " + dir + " is in use by another process"
	if _, err := child.OwnDir(t.Context(), dir, time.Millisecond); err == nil || err.Error() != want {
		t.Errorf("second owner: got error %v, want %q", err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := child.OwnDir(ctx, dir, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got error %v, want %v", err, context.Canceled)
	}

	next := make(chan error, 1)
	go func() {
		again, err := child.OwnDir(t.Context(), dir, time.Minute)
		if err == nil {
			err = again()
		}
		next <- err
	}()
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if err := <-next; err != nil {
		t.Errorf("after release: got error %v, want none", err)
	}
}

func TestOwnDirNeedsDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want := "make directory: mkdir " + file + ": not a directory"
	if _, err := child.OwnDir(t.Context(), file, time.Second); err == nil || err.Error() != want {
		t.Errorf("got error %v, want %q", err, want)
	}
}
