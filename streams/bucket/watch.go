package bucket

import (
	"context"
	"errors"
	"time"

	"cashtag/streams"

	"github.com/cenkalti/backoff/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// checkEvery is how often the watcher makes sure that it still hears of
	// changes: a server may have forgotten it, and a bucket may have been made anew.
	checkEvery = 500 * time.Millisecond
	firstPause = 50 * time.Millisecond
	maxPause   = 500 * time.Millisecond
)

// watch reads the bucket in sessions: one lasts until the connection is lost, the
// bucket is made anew or the server forgets the session.
type watch struct {
	set     *Set
	client  *streams.Client
	bucket  string
	journal Journal
	created time.Time // of the bucket read last
	seen    uint64    // revision up to which it is read
	behind  uint64    // seen at the last check
}

// session is one subscription to the bucket, with its past read.
type session struct {
	bucket  jetstream.KeyValue
	watcher jetstream.KeyWatcher
}

// run follows the first session and opens others after it until ctx ends.
func (w *watch) run(ctx context.Context, s *session) {
	for {
		w.follow(ctx, s)
		if s = w.reopen(ctx); s == nil {
			return
		}
	}
}

// reopen waits for the server, however long. It returns nil when ctx ended.
func (w *watch) reopen(ctx context.Context) *session {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = firstPause, maxPause
	pause.Reset()
	for {
		if ctx.Err() != nil || w.client.Conn.IsClosed() {
			return nil
		}
		if w.client.Conn.IsConnected() {
			s, err := w.open(ctx)
			if err == nil {
				return s
			}
			w.journal.Waiting(ctx, err)
		}
		timer := time.NewTimer(pause.NextBackOff())
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// open subscribes to the bucket and reads its history.
func (w *watch) open(ctx context.Context) (*session, error) {
	attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	bucket, err := w.client.JS.KeyValue(attempt, w.bucket)
	if err != nil {
		return nil, err
	}
	status, err := status(attempt, bucket)
	if err != nil {
		return nil, err
	}
	watcher, err := bucket.WatchAll(ctx, jetstream.IncludeHistory())
	if err != nil {
		return nil, err
	}
	s := &session{bucket: bucket, watcher: watcher}
	if status.Created.Equal(w.created) {
		err = w.catchUp(attempt, s)
	} else {
		err = w.readAnew(attempt, s)
	}
	if err != nil {
		return nil, errors.Join(err, watcher.Stop())
	}
	w.created, w.seen = status.Created, max(w.seen, status.State.LastSeq)
	return s, nil
}

var errWatchEnded = errors.New("watch of the bucket ended")

// replay calls each for every entry that was there when the session began.
func (s *session) replay(ctx context.Context, each func(jetstream.KeyValueEntry)) error {
	for {
		select {
		case entry, ok := <-s.watcher.Updates():
			switch {
			case !ok:
				return errWatchEnded
			case entry == nil:
				return nil
			}
			each(entry)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// catchUp applies what changed between two sessions.
func (w *watch) catchUp(ctx context.Context, s *session) error {
	return s.replay(ctx, func(entry jetstream.KeyValueEntry) { w.apply(ctx, entry) })
}

// past is what became of one key before a session began.
type past struct {
	last     jetstream.KeyValueEntry
	word     string // the last good one, "" after a deletion
	revision uint64 // of word
}

func (p *past) add(key Key, entry jetstream.KeyValueEntry) {
	p.last = entry
	if entry.Operation() != jetstream.KeyValuePut {
		p.word, p.revision = "", entry.Revision()
	} else if word, err := key.Parse(string(entry.Value())); err == nil {
		p.word, p.revision = word, entry.Revision()
	}
}

// readAnew replaces all that is known by what a bucket says that was not read
// before.
func (w *watch) readAnew(ctx context.Context, s *session) error {
	pasts := map[string]*past{}
	w.seen = 0
	err := s.replay(ctx, func(entry jetstream.KeyValueEntry) {
		w.seen = entry.Revision()
		p := pasts[entry.Key()]
		if p == nil {
			p = &past{}
			pasts[entry.Key()] = p
		}
		if v, ok := w.set.Find(entry.Key()); ok {
			p.add(v.key, entry)
		} else {
			p.last = entry
		}
	})
	if err != nil {
		return err
	}
	for _, v := range w.set.all() {
		p := pasts[v.key.Name]
		if p == nil {
			p = &past{}
		}
		before, after := v.set(p.word, p.revision)
		w.report(ctx, v, before, after, p.revision)
		if p.last != nil {
			w.judge(ctx, v, p.last)
		}
	}
	for name, p := range pasts {
		if _, ok := w.set.Find(name); !ok {
			w.stranger(ctx, p.last)
		}
	}
	return nil
}

// follow applies changes as they come until the session ends.
func (w *watch) follow(ctx context.Context, s *session) {
	defer func() { _ = s.watcher.Stop() }() // a session that is lost has nothing to stop
	connected := w.client.Conn.StatusChanged(nats.CONNECTED)
	defer w.client.Conn.RemoveStatusListener(connected)
	check := time.NewTicker(checkEvery)
	defer check.Stop()
	for {
		select {
		case entry, ok := <-s.watcher.Updates():
			if !ok {
				return
			}
			w.apply(ctx, entry)
		case <-connected:
			return
		case <-check.C:
			if !w.current(ctx, s) {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// current reports whether the session hears of what is in the bucket.
func (w *watch) current(ctx context.Context, s *session) bool {
	ctx, cancel := context.WithTimeout(ctx, checkEvery)
	defer cancel()
	status, err := status(ctx, s.bucket)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound), w.client.Conn.IsClosed():
		return false
	case err != nil:
		return true // the server is away: its return ends the session
	case !status.Created.Equal(w.created):
		return false
	}
	// What was stored just now may still be under way.
	stalled := status.State.LastSeq > w.seen && w.behind == w.seen
	w.behind = w.seen
	return !stalled
}

func status(ctx context.Context, bucket jetstream.KeyValue) (*jetstream.StreamInfo, error) {
	status, err := bucket.Status(ctx)
	if err != nil {
		return nil, err
	}
	return status.(*jetstream.KeyValueBucketStatus).StreamInfo(), nil
}

// apply takes one entry into its value, unless it was read before.
func (w *watch) apply(ctx context.Context, entry jetstream.KeyValueEntry) {
	if entry == nil || entry.Revision() <= w.seen {
		return
	}
	w.seen = entry.Revision()
	v, ok := w.set.Find(entry.Key())
	if !ok {
		w.stranger(ctx, entry)
		return
	}
	word := ""
	if entry.Operation() == jetstream.KeyValuePut {
		var err error
		if word, err = v.key.Parse(string(entry.Value())); err != nil {
			w.journal.Refused(ctx, v, string(entry.Value()), err, entry.Revision())
			return
		}
	}
	before, after := v.set(word, entry.Revision())
	w.report(ctx, v, before, after, entry.Revision())
}

func (w *watch) report(ctx context.Context, v *Value, before, after string, revision uint64) {
	switch {
	case before == after:
	case w.created.IsZero():
		w.journal.Found(ctx, v, after, revision)
	default:
		w.journal.Changed(ctx, v, before, after, revision)
	}
}

// judge tells of a value that is kept out.
func (w *watch) judge(ctx context.Context, v *Value, entry jetstream.KeyValueEntry) {
	if entry.Operation() != jetstream.KeyValuePut {
		return
	}
	if _, err := v.key.Parse(string(entry.Value())); err != nil {
		w.journal.Refused(ctx, v, string(entry.Value()), err, entry.Revision())
	}
}

func (w *watch) stranger(ctx context.Context, entry jetstream.KeyValueEntry) {
	w.journal.Unknown(ctx, entry.Key(), string(entry.Value()), entry.Revision())
}
