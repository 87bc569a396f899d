package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"cashtag/internal/tape"
	"cashtag/schemas"
	"cashtag/services/replay"
	"cashtag/streams"
)

// eventTape is one file of events, or standard input. It is a replay.Tape.
type eventTape struct {
	name  string // as the user gave it
	once  bool   // it cannot be read again, so that no place in it means anything
	mark  string
	inner *tape.Tape
	notes *asides

	strangers   atomic.Uint64 // events that have no subject
	unpublished atomic.Uint64 // events that the publisher refused
}

var _ replay.Tape = (*eventTape)(nil)

// openEventFile opens a file, which is told from others by its content and not by
// its name.
func openEventFile(path string, notes *asides) (*eventTape, error) {
	mark, err := contentMark(path)
	if err != nil {
		return nil, fmt.Errorf("open tape: %w", err)
	}
	t := &eventTape{name: path, mark: mark, notes: notes}
	return t, t.open(os.DirFS(filepath.Dir(path)), filepath.Base(path))
}

// openPipe opens what can be read only once. Reading it ends with ctx, even where
// nothing comes.
func openPipe(ctx context.Context, in io.Reader, notes *asides) (*eventTape, error) {
	from, to := io.Pipe()
	go func() {
		_, err := io.Copy(to, in)
		_ = to.CloseWithError(err) // never fails
	}()
	context.AfterFunc(ctx, func() { _ = from.CloseWithError(context.Cause(ctx)) })
	t := &eventTape{name: "standard input", once: true, mark: "stdin-" + rand.Text(), notes: notes}
	return t, t.open(pipeFS{from}, "stdin")
}

func (t *eventTape) open(fsys fs.FS, file string) error {
	var err error
	t.inner, err = tape.OpenEvents(fsys, []string{file}, tape.Options{OnBad: func(row tape.BadRow) {
		row.File = t.name
		t.notes.say("%s", row)
	}})
	return err
}

func contentMark(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // read only
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil))[:24], nil
}

// Fingerprint implements replay.Tape.
func (t *eventTape) Fingerprint() string { return t.mark }

// Events implements replay.Tape. Events without a subject are said and left out.
func (t *eventTape) Events() iter.Seq2[schemas.Event, error] {
	return func(yield func(schemas.Event, error) bool) {
		for event, err := range t.inner.Events() {
			if err == nil {
				if _, refusal := streams.Subject(event); refusal != nil {
					t.strangers.Add(1)
					t.complain(event, refusal)
					continue
				}
			}
			if !yield(event, err) {
				return
			}
		}
	}
}

func (t *eventTape) complain(event schemas.Event, reason error) {
	t.notes.say("%s: event %q: %v", t.name, event.ID, reason)
}

// bad is how many lines were left out.
func (t *eventTape) bad() uint64 {
	return uint64(t.inner.Bad()) + t.strangers.Load() + t.unpublished.Load()
}

// lenient publishes what can be published and lets the tape count the rest.
type lenient struct {
	publisher replay.Publisher
	tape      *eventTape
}

// PublishPlaced implements replay.Publisher.
func (l lenient) PublishPlaced(ctx context.Context, source string, events ...streams.Placed) error {
	err := l.publisher.PublishPlaced(ctx, source, events...)
	var field *schemas.FieldError
	if !errors.As(err, &field) {
		return err
	}
	if len(events) == 1 {
		l.tape.unpublished.Add(1)
		l.tape.complain(events[0].Event, field)
		return nil
	}
	for _, event := range events { // an invalid one means that none was published
		if err := l.PublishPlaced(ctx, source, event); err != nil {
			return err
		}
	}
	return nil
}

// pipeFS is one file that is not on disk.
type pipeFS struct{ in io.Reader }

// Open implements fs.FS.
func (p pipeFS) Open(name string) (fs.File, error) { return pipeFile{p.in, name}, nil }

type pipeFile struct {
	io.Reader
	name string
}

func (f pipeFile) Stat() (fs.FileInfo, error) { return f, nil }
func (pipeFile) Close() error                 { return nil }
func (f pipeFile) Name() string               { return f.name }
func (pipeFile) Size() int64                  { return 0 }
func (pipeFile) Mode() fs.FileMode            { return fs.ModeNamedPipe }
func (pipeFile) ModTime() time.Time           { return time.Time{} }
func (pipeFile) IsDir() bool                  { return false }
func (pipeFile) Sys() any                     { return nil }
