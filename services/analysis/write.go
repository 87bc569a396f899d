package analysis

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Write writes report.md, report.json and report.html to a directory that is not
// there yet. They are written beside it and renamed, so that a directory of that
// name is a whole report.
func (r *Report) Write(dir string) (err error) {
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		return fmt.Errorf("write report: %s is there already: remove it or name another", dir)
	}
	page, err := r.HTML()
	if err != nil {
		return err
	}
	body, err := json.Marshal(r, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	draft, err := os.MkdirTemp(filepath.Dir(filepath.Clean(dir)), ".report-*")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(draft))
		}
	}()
	for _, file := range []struct {
		name string
		body []byte
	}{{"report.md", []byte(r.Markdown())}, {"report.json", append(body, '\n')}, {"report.html", page}} {
		if err := writeFile(filepath.Join(draft, file.name), file.body); err != nil {
			return err
		}
	}
	if err := os.Chmod(draft, 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := os.Rename(draft, dir); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// writeFile writes a file and makes sure that it is on the disk.
func writeFile(name string, body []byte) (err error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	defer func() {
		if closed := file.Close(); err == nil && closed != nil {
			err = fmt.Errorf("write report: %w", closed)
		}
	}()
	if _, err := file.Write(body); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
