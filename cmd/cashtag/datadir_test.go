//go:build !external

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDataDir(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, dir string)
		kind    string
		want    string // "" for no error
	}{
		{"new", func(*testing.T, string) {}, kindDemo, ""},
		{"tape beside demo", held(kindDemo), kindTape, ""},
		{"live beside demo", held(kindDemo), kindLive, "holds demo data, which never shares one with live data"},
		{"demo beside live", held(kindLive), kindDemo, "holds live data, which never shares one with demo data"},
		{"older layout", file("format.json", `{"format":0,"kinds":["demo"]}`), kindDemo, "has format 0 and this build reads format 1"},
		{"broken mark", file("format.json", `{`), kindDemo, "is no format file"},
		{"somebody else's", file("thesis.tex", `\section`), kindDemo, "holds thesis.tex and no format.json"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			test.prepare(t, dir)
			opened, err := openDataDir(dir, test.kind)
			if err == nil {
				opened.close()
			}
			if (err == nil) != (test.want == "") || (err != nil && !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func held(kind string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		opened, err := openDataDir(dir, kind)
		if err != nil {
			t.Fatal(err)
		}
		opened.close()
	}
}

func file(name, content string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		if err := os.MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDataDirIsLocked(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	first, err := openDataDir(dir, kindDemo)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openDataDir(dir, kindDemo); err == nil || !strings.Contains(err.Error(), "in use by another cashtag") {
		t.Errorf("got %v, want that the directory is in use", err)
	}
	first.close()
	second, err := openDataDir(dir, kindDemo)
	if err != nil {
		t.Fatalf("after the first one ended: %v", err)
	}
	second.close()
}

func TestFreshDir(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	for _, want := range []string{dir, dir + "-2", dir + "-3"} {
		got, err := freshDir(dir)
		if err != nil || got != want {
			t.Fatalf("got %s and %v, want %s", got, err, want)
		}
		if err := os.Mkdir(got, 0o750); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDiskGuard(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	guard := newDiskGuard(dir, 100)
	if !guard.On() {
		t.Error("an empty directory is above its cap")
	}
	changed := guard.Changed()
	file("big", strings.Repeat("x", 101))(t, filepath.Join(dir, "sub"))
	guard.measure()
	select {
	case <-changed:
	default:
		t.Error("the change was not told")
	}
	if guard.On() || guard.used.Load() != 101 {
		t.Errorf("got on %t and %d bytes, want off and 101", guard.On(), guard.used.Load())
	}
	if err := os.Remove(filepath.Join(dir, "sub", "big")); err != nil {
		t.Fatal(err)
	}
	if guard.measure(); !guard.On() {
		t.Error("the guard stays off below its cap")
	}
}
