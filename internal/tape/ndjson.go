package tape

import (
	"fmt"
	"io/fs"
	"iter"
	"slices"

	"cashtag/schemas"
)

// maxFiles bounds how many files one tape of events may have, since all are
// open while it plays.
const maxFiles = 256

// OpenEvents opens NDJSON files of our own events, one CloudEvent a line. The
// files are read while they are played and never held in memory.
func OpenEvents(fsys fs.FS, names []string, options Options) (*Tape, error) {
	if len(names) == 0 || len(names) > maxFiles {
		return nil, fmt.Errorf("open tape: %d files of events: must be 1 to %d", len(names), maxFiles)
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(names)))
	mark, err := fingerprint(fsys, sorted, "events")
	if err != nil {
		return nil, err
	}
	log := &badLog{report: options.OnBad}
	files := make([]iter.Seq2[schemas.Event, error], len(sorted))
	for i, name := range sorted {
		files[i] = fileEvents(fsys, name, log)
	}
	return &Tape{fingerprint: mark, events: merge(files), log: log}, nil
}

// fileEvents yields the valid events of one file, in its order.
func fileEvents(fsys fs.FS, name string, log *badLog) iter.Seq2[schemas.Event, error] {
	return func(yield func(schemas.Event, error) bool) {
		for l, err := range newLineReader().lines(fsys, name, log) {
			if err != nil {
				yield(schemas.Event{}, err)
				return
			}
			event, err := decodeEvent(l.text)
			if err != nil {
				log.add(name, l.number, err.Error())
				continue
			}
			if !yield(event, nil) {
				return
			}
		}
	}
}

func decodeEvent(text []byte) (schemas.Event, error) {
	event, err := schemas.Decode(text)
	if err != nil {
		return schemas.Event{}, err
	}
	return event, event.Validate()
}

// head is the next event of a file.
type head struct {
	next    func() (schemas.Event, error, bool)
	event   schemas.Event
	waiting bool // event is not played yet
	ended   bool
}

// merge yields the earliest of the files' next events, over and over; where two
// are of the same time, that of the first file. A single file keeps its order.
func merge(files []iter.Seq2[schemas.Event, error]) iter.Seq2[schemas.Event, error] {
	if len(files) == 1 {
		return files[0]
	}
	return func(yield func(schemas.Event, error) bool) {
		heads := make([]head, len(files))
		for i, file := range files {
			next, stop := iter.Pull2(file)
			defer stop()
			heads[i].next = next
		}
		for {
			first, err := earliest(heads)
			if err != nil {
				yield(schemas.Event{}, err)
				return
			}
			if first == nil {
				return
			}
			first.waiting = false
			if !yield(first.event, nil) {
				return
			}
		}
	}
}

// earliest returns the head whose event is to be played next, or nil where all
// files have ended.
func earliest(heads []head) (*head, error) {
	var first *head
	for i := range heads {
		h := &heads[i]
		if !h.waiting && !h.ended {
			event, err, ok := h.next()
			if err != nil {
				return nil, err
			}
			h.event, h.waiting, h.ended = event, ok, !ok
		}
		if h.waiting && (first == nil || h.event.Time.Before(first.event.Time)) {
			first = h
		}
	}
	return first, nil
}
