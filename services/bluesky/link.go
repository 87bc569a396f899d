package bluesky

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"cashtag/schemas"
	"cashtag/streams/ingest"

	"github.com/coder/websocket"
	"github.com/klauspost/compress/zstd"
)

const (
	// maxPending is how many events wait to be taken before reading pauses.
	maxPending = 512
	// closeWithin bounds the farewell to a server.
	closeWithin = time.Second
	// tallyEvery is after how many frames that were passed over they are counted.
	tallyEvery = 256
)

var (
	errTooLarge = fmt.Errorf("frame has more than %d bytes", MaxFrame)
	errFuture   = errors.New("the instance does not know the place: it is another archive")
)

// link is one connection. A goroutine reads it; take hands over what it found.
type link struct {
	instance instance
	packed   bool // compressed
	conn     *websocket.Conn
	inflate  *zstd.Decoder // nil where frames are text
	decoder  *Decoder
	tally    ingest.Tally
	sample   *sampler
	silence  time.Duration
	from     place // what was taken before
	skipTo   int64 // v2: sequence numbers up to here were taken before
	met      bool  // v2: the frame of skipTo was looked at

	cancel context.CancelCauseFunc
	done   chan struct{}
	ready  chan struct{} // holds a token when there is something to take
	room   chan struct{} // holds a token when something was taken

	mu      sync.Mutex
	events  []schemas.Event
	place   place  // after events; zero before the first frame
	tail    []byte // the last frame that was passed over, empty where events are later
	advices []advice
	frames  int   // how many came
	first   int64 // when the instance saw the first of them, in microseconds
	err     error

	filtered int    // frames passed over that are not counted yet
	plain    []byte // the frame in hand, decompressed
}

// advice is a remark of the server about the stream.
type advice struct{ name, text string }

// start reads conn until ctx ends, close is called or the connection fails.
func (l *link) start(ctx context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	l.cancel = cancel
	l.done = make(chan struct{})
	l.ready, l.room = make(chan struct{}, 1), make(chan struct{}, 1)
	go func() {
		defer close(l.done)
		err := l.read(ctx)
		l.count()
		_ = l.conn.CloseNow()
		if l.inflate != nil {
			l.inflate.Close()
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.err = err
		signal(l.ready)
	}()
}

// close says farewell, within closeWithin, and waits for the goroutine.
func (l *link) close() {
	late := time.AfterFunc(closeWithin, func() { l.cancel(context.Canceled) })
	defer late.Stop()
	_ = l.conn.Close(websocket.StatusNormalClosure, "")
	l.cancel(context.Canceled)
	<-l.done
}

// read is the goroutine: it returns the error that ended the connection.
func (l *link) read(ctx context.Context) error {
	quiet := fmt.Errorf("nothing arrived for %s", l.silence)
	watchdog := time.AfterFunc(l.silence, func() { l.cancel(quiet) })
	defer watchdog.Stop()
	var packed bytes.Buffer
	for {
		raw, err := l.frame(ctx, &packed)
		switch {
		case errors.Is(err, errTooLarge):
			l.malformed(ctx, err)
			continue
		case err != nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		}
		watchdog.Stop()
		if err := l.accept(ctx, raw); err != nil {
			return err
		}
		watchdog.Reset(l.silence)
	}
}

// frame returns the next frame, decompressed. It is valid until the next call.
func (l *link) frame(ctx context.Context, packed *bytes.Buffer) ([]byte, error) {
	kind, r, err := l.conn.Reader(ctx)
	if err != nil {
		return nil, err
	}
	packed.Reset()
	n, err := packed.ReadFrom(io.LimitReader(r, MaxFrame+1))
	if err != nil {
		return nil, err
	}
	if n > MaxFrame {
		if _, err := io.Copy(io.Discard, r); err != nil {
			return nil, err
		}
		return nil, errTooLarge
	}
	if l.inflate == nil || kind == websocket.MessageText {
		return packed.Bytes(), nil
	}
	l.plain, err = l.inflate.DecodeAll(packed.Bytes(), l.plain[:0])
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return nil, errTooLarge
	case err != nil:
		// One broken frame does not break the next, since each is compressed alone.
		return l.plain[:0], nil
	}
	return l.plain, nil
}

// accept takes in one frame. An error ends the connection.
func (l *link) accept(ctx context.Context, raw []byte) error {
	reading, err := l.decoder.Decode(l.instance.version, raw)
	var ended *streamError
	switch {
	case errors.As(err, &ended):
		return err
	case err != nil:
		l.malformed(ctx, err)
		return nil
	case reading.advice == "FutureCursor":
		return fmt.Errorf("%w: %.200s", errFuture, reading.text)
	case l.skipTo > 0 && !l.met:
		if err := l.meet(raw); err != nil {
			return err
		}
	}
	if l.instance.version == V2 && reading.Decoded && reading.place.seq <= l.skipTo {
		return nil
	}
	if reading.Outcome == ingest.Filtered {
		if l.filtered++; l.filtered >= tallyEvery {
			l.count()
		}
	}
	return l.keep(ctx, raw, reading)
}

// meet looks at the first frame after a resumption by number: a cursor is
// inclusive, so it is the frame that was taken last, and no later than that was. One
// that is later has its number in another archive.
func (l *link) meet(raw []byte) error {
	f, err := readFrame(l.instance.version, raw)
	if err != nil || f.kind == kindInfo {
		return nil
	}
	l.met = true
	if at := f.place(); at.seq == l.skipTo && l.from.micros > 0 && at.micros > l.from.micros {
		return fmt.Errorf("%w: its frame %d is of %s, and was of %s at the latest", errFuture, at.seq, at.time().Format(time.RFC3339Nano), l.from.time().Format(time.RFC3339Nano))
	}
	return nil
}

// keep puts a reading where take finds it, and waits while too many are there.
func (l *link) keep(ctx context.Context, raw []byte, reading Reading) error {
	l.mu.Lock()
	l.frames++
	switch {
	case reading.advice != "":
		l.advices = append(l.advices, advice{reading.advice, reading.text})
	case reading.Decoded:
		if reading.Found {
			l.events = append(l.events, reading.Event)
		}
		l.move(reading.place)
		l.tail = l.tail[:0]
	default:
		l.tail = append(l.tail[:0], raw...)
		if l.first == 0 {
			l.locate()
		}
	}
	full := len(l.events) >= maxPending
	if reading.Found || reading.advice != "" || l.frames == 1 {
		signal(l.ready)
	}
	l.mu.Unlock()
	for full {
		select {
		case <-l.room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		l.mu.Lock()
		full = len(l.events) >= maxPending
		l.mu.Unlock()
	}
	return nil
}

// locate decodes the last frame that was passed over, for its place: of all the
// others nobody asks.
func (l *link) locate() {
	if len(l.tail) == 0 {
		return
	}
	if f, err := readFrame(l.instance.version, l.tail); err == nil && f.kind != kindInfo {
		l.move(f.place())
	}
	l.tail = l.tail[:0]
}

// move puts the place behind a frame.
func (l *link) move(to place) {
	from := l.place
	if l.first == 0 {
		l.first, from = to.micros, l.from
	}
	l.place = from.after(to, l.instance.host)
}

// haul is what was found since the last take.
type haul struct {
	events  []schemas.Event
	place   place // after the events and what was passed over; zero before the first frame
	advices []advice
	frames  int
	first   int64
	err     error
}

// take hands over what was found.
func (l *link) take() haul {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.locate()
	h := haul{events: l.events, place: l.place, advices: l.advices, frames: l.frames, first: l.first, err: l.err}
	l.events, l.advices = nil, nil
	signal(l.room)
	return h
}

// count tells the tally of the frames that were passed over.
func (l *link) count() {
	if l.filtered > 0 {
		l.tally.Count("", ingest.Filtered, l.filtered)
		l.filtered = 0
	}
}

func (l *link) malformed(ctx context.Context, err error) {
	l.tally.Count("", ingest.Malformed, 1)
	l.sample.log(ctx, l.instance.base, err)
}

// signal leaves a token if there is none.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
