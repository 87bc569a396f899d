//go:build !external

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"
)

// dataFormat is the layout of a data directory that this build reads and writes.
const dataFormat = 1

// The kinds of data that a directory may hold.
const (
	kindDemo = "demo" // synthetic
	kindTape = "tape" // recorded
	kindLive = "live"
)

// dataDir is a data directory that this process alone works in.
type dataDir struct {
	path string
	lock *flock.Flock
}

// dataMark is the file that says what a data directory holds.
type dataMark struct {
	Format int      `json:"format"`
	Kinds  []string `json:"kinds"`
}

// openDataDir makes the directory where it is missing, locks it and checks that
// it can take data of the kind. Live data and demo data never share one.
func openDataDir(path, kind string) (*dataDir, error) {
	if err := os.MkdirAll(path, 0o750); err != nil {
		return nil, fmt.Errorf("data directory %s cannot be made: %w: choose another with --data", path, err)
	}
	lock := flock.New(filepath.Join(path, "lock"))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("data directory %s cannot be written: %w: choose another with --data", path, err)
	}
	if !locked {
		return nil, fmt.Errorf("data directory %s is in use by another cashtag: end that one, or choose another directory with --data", path)
	}
	dir := &dataDir{path: path, lock: lock}
	if err := dir.mark(kind); err != nil {
		dir.close()
		return nil, err
	}
	return dir, nil
}

// mark adds the kind to what the directory says that it holds.
func (d *dataDir) mark(kind string) error {
	file := filepath.Join(d.path, "format.json")
	mark := dataMark{Format: dataFormat}
	content, err := os.ReadFile(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if err := d.empty(); err != nil {
			return err
		}
	case err != nil:
		return fmt.Errorf("read %s: %w", file, err)
	default:
		if err := json.Unmarshal(content, &mark); err != nil {
			return fmt.Errorf("%s is no format file: %w: move %s away or choose another directory with --data", file, err, d.path)
		}
	}
	if mark.Format != dataFormat {
		return fmt.Errorf("data directory %s has format %d and this build reads format %d: choose another with --data, or --fresh", d.path, mark.Format, dataFormat)
	}
	if slices.Contains(mark.Kinds, kind) {
		return nil
	}
	for _, held := range mark.Kinds {
		if (held == kindDemo && kind == kindLive) || (held == kindLive && kind == kindDemo) {
			return fmt.Errorf("data directory %s holds %s data, which never shares one with %s data: choose another with --data, or --fresh", d.path, held, kind)
		}
	}
	mark.Kinds = append(mark.Kinds, kind)
	content, err = json.Marshal(mark)
	if err != nil {
		return fmt.Errorf("encode %s: %w", file, err)
	}
	return writeFile(file, append(content, '\n'))
}

// empty refuses a directory with files of somebody else.
func (d *dataDir) empty() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return fmt.Errorf("read data directory %s: %w", d.path, err)
	}
	for _, entry := range entries {
		if entry.Name() != "lock" {
			return fmt.Errorf("data directory %s holds %s and no format.json, so it is not cashtag's: choose another with --data", d.path, entry.Name())
		}
	}
	return nil
}

// sub is the path of a part of the directory.
func (d *dataDir) sub(name string) string { return filepath.Join(d.path, name) }

func (d *dataDir) close() { _ = d.lock.Unlock() }

// freshDir is the first of path, path-2, path-3 … that is not there yet.
func freshDir(path string) (string, error) {
	for i := 1; i < 1000; i++ {
		candidate := path
		if i > 1 {
			candidate = fmt.Sprintf("%s-%d", path, i)
		}
		_, err := os.Stat(candidate)
		if errors.Is(err, os.ErrNotExist) {
			return candidate, nil
		}
		if err != nil {
			return "", fmt.Errorf("look for a fresh data directory: %w", err)
		}
	}
	return "", fmt.Errorf("no fresh data directory beside %s: remove old ones", path)
}

// writeFile replaces a file in one step, so that a kill leaves the old or the new.
func writeFile(path string, content []byte) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
