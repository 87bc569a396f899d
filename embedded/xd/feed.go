package xd

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Defaults of faults that leave them out.
const (
	splitBytes  = 16
	joinedLines = 50
	joinedWait  = 20 * time.Millisecond
	repeated    = 20
)

// maxPiece is how many bytes are gathered before they are written.
const maxPiece = 256 << 10

// errOver ends a stream without a fault of the network.
var errOver = errors.New("stream is over")

// feed writes one stream.
type feed struct {
	server   *Server
	listener *listener
	fault    Fault
	response http.ResponseWriter
	control  *http.ResponseController
	fields   wanted
	sent     int // posts
	struck   bool
	buffer   []byte
}

// run writes until the client leaves, the server closes or a fault ends it.
func (f *feed) run(ctx context.Context) {
	err := f.flush()
	if err == nil {
		err = f.repeat()
	}
	keepAlive := time.NewTicker(f.server.cfg.KeepAlive)
	defer keepAlive.Stop()
	for err == nil {
		if err = f.strike(ctx); err != nil {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-f.server.closing:
			return
		case <-f.listener.cut:
			panic(http.ErrAbortHandler)
		case <-f.listener.slow:
			if f.fault.Kind == Overflow {
				f.count()
			}
			err = f.end(operationalDisconnect("The client reads too slowly."))
		case d := <-f.listener.queue:
			if err = f.deliver(ctx, d); err == nil {
				keepAlive.Reset(f.server.cfg.KeepAlive)
			}
		case <-keepAlive.C:
			err = f.write([]byte("\r\n"))
		}
	}
}

// count notes, once a connection, that its fault struck.
func (f *feed) count() {
	if !f.struck {
		f.struck = true
		f.server.strike(f.fault)
	}
}

// strike does what the fault does where it is due between two posts.
func (f *feed) strike(ctx context.Context) error {
	if f.sent < f.fault.After {
		return nil
	}
	switch f.fault.Kind {
	case Disconnect:
		f.count()
		return f.end(operationalDisconnect("This stream has been disconnected upstream for operational reasons."))
	case TooMany:
		f.count()
		return f.end(tooManyConnections())
	case Malformed:
		f.count()
		f.fault = Fault{}
		return f.write([]byte("{\"data\":{\"id\":12,\"text\":\r\n"))
	case Silent:
		f.count()
		select {
		case <-f.listener.cut:
		case <-ctx.Done():
		case <-f.server.closing:
		}
		return errOver
	default:
		return nil
	}
}

// deliver writes a post, and those that wait behind it up to the fault.
func (f *feed) deliver(ctx context.Context, first delivery) error {
	if f.fault.Kind == Joined {
		return f.join(ctx, first)
	}
	for d := first; ; {
		whole := len(f.buffer)
		f.buffer = f.fields.line(f.buffer, d)
		if f.fault.Kind == Cut && f.sent >= f.fault.After {
			f.count()
			_ = f.write(f.buffer[:(whole+len(f.buffer))/2])
			panic(http.ErrAbortHandler)
		}
		f.sent++
		single := f.fault.Kind == Slow || f.fault.Kind == Split || (f.fault.Kind != "" && f.sent >= f.fault.After)
		if single || len(f.buffer) >= maxPiece {
			break
		}
		var more bool
		select {
		case d, more = <-f.listener.queue:
		default:
		}
		if !more {
			break
		}
	}
	if f.fault.Kind == Slow {
		f.count()
		if !wait(ctx, f.fault.Wait) {
			return errOver
		}
	}
	return f.writeBuffer()
}

// join gathers lines into one write.
func (f *feed) join(ctx context.Context, d delivery) error {
	count, within := f.fault.Count, f.fault.Wait
	if count == 0 {
		count = joinedLines
	}
	if within == 0 {
		within = joinedWait
	}
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	for lines := 0; ; {
		f.buffer = f.fields.line(f.buffer, d)
		f.sent++
		if lines++; lines > 1 {
			f.count()
		}
		if lines == count {
			return f.writeBuffer()
		}
		select {
		case d = <-f.listener.queue:
		case <-deadline.C:
			return f.writeBuffer()
		case <-ctx.Done():
			return errOver
		}
	}
}

// repeat sends posts again that a client may have had before.
func (f *feed) repeat() error {
	if len(f.listener.again) > 0 {
		f.count()
	}
	for _, d := range f.listener.again {
		f.buffer = f.fields.line(f.buffer, d)
	}
	return f.writeBuffer()
}

// end writes an error of the stream and ends it.
func (f *feed) end(problem object) error {
	line, err := ended(problem)
	if err != nil {
		return err
	}
	if err := f.write(line); err != nil {
		return err
	}
	return errOver
}

func (f *feed) writeBuffer() error {
	err := f.write(f.buffer)
	f.buffer = f.buffer[:0]
	return err
}

// write writes at once, or in chunks where the fault is to split.
func (f *feed) write(content []byte) error {
	size := len(content)
	if f.fault.Kind == Split {
		if size = f.fault.Count; size == 0 {
			size = splitBytes
		}
		if len(content) > size {
			f.count()
		}
	}
	for len(content) > 0 {
		n := min(size, len(content))
		if err := f.control.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
			return err
		}
		if _, err := f.response.Write(content[:n]); err != nil {
			return err
		}
		if err := f.flush(); err != nil {
			return err
		}
		content = content[n:]
	}
	return nil
}

func (f *feed) flush() error { return f.control.Flush() }

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
