//go:build !external

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWorldPlace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "world.json")
	first, second := worldPlace{path, "first"}, worldPlace{path, "second"}
	has := func(place worldPlace, want uint64) {
		t.Helper()
		if got, err := place.Load(); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", place.tape, got, err, want)
		}
	}
	has(first, 0)
	for _, step := range []struct {
		place  worldPlace
		events uint64
	}{{first, 7}, {second, 8}, {first, 9}} {
		if err := step.place.Store(step.events); err != nil {
			t.Fatal(err)
		}
	}
	has(first, 9)
	has(second, 8)
	has(worldPlace{path, "third"}, 0)
}

// TestBrokenWorldPlace says what is wrong, where, and what to do.
func TestBrokenWorldPlace(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"cut short":  `[{"tape":"first","ev`,
		"empty":      "",
		"an object":  `{"tape":"first","events":7}`,
		"a negative": `[{"tape":"first","events":-7}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "world.json")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := worldPlace{path, "first"}.Load()
			if err == nil || !strings.HasPrefix(err.Error(), path+" is no place of a tape: ") || !strings.HasSuffix(err.Error(), "--fresh") {
				t.Errorf("got %d, %v, want an error that names %s and says what to do", got, err, path)
			}
		})
	}
}
