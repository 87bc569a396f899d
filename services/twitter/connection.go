package twitter

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// Bounds of what is read ahead of Next: some 20 MiB at most.
const (
	maxBatchLines = 1000
	maxBatchBytes = 2 << 20
	maxBatches    = 4
)

// batch is what was there at once: whole lines, without those that only say that
// the stream is alive.
type batch struct {
	lines [][]byte
	bytes int
	long  int // lines past the bound, which were passed over
}

// connection is one open stream. A goroutine reads it into batches until it breaks
// or is closed.
type connection struct {
	batches chan batch
	end     context.CancelFunc
	ended   chan struct{} // closed when the goroutine has returned
	err     error         // why it ended; read it after batches is closed
	heard   atomic.Int64  // when anything came last, Unix nanoseconds
	since   time.Time     // when it was opened
}

// connect opens the stream. ctx bounds only the opening.
func (c *client) connect(ctx context.Context) (*connection, error) {
	streaming, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	response, err := c.open(streaming, http.MethodGet, streamPath, fields(), nil)
	if !stop() && err == nil {
		err = ctx.Err()
		_ = response.Body.Close()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	conn := &connection{
		batches: make(chan batch, maxBatches),
		end:     cancel,
		ended:   make(chan struct{}),
		since:   time.Now(),
	}
	conn.heard.Store(conn.since.UnixNano())
	go conn.run(streaming, response.Body)
	return conn, nil
}

// close ends the stream and waits for its goroutine.
func (c *connection) close() {
	c.end()
	<-c.ended
}

// quiet is how long nothing came.
func (c *connection) quiet() time.Duration {
	return time.Since(time.Unix(0, c.heard.Load()))
}

// heardReader notes when anything came.
type heardReader struct {
	io.Reader
	conn *connection
}

func (r heardReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.conn.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

func (c *connection) run(ctx context.Context, body io.ReadCloser) {
	defer close(c.ended)
	defer close(c.batches)
	defer func() { _ = body.Close() }()
	reader := bufio.NewReaderSize(heardReader{body, c}, 64<<10)
	for {
		var b batch
		err := b.fill(reader)
		if len(b.lines) > 0 || b.long > 0 {
			select {
			case c.batches <- b:
			case <-ctx.Done():
				c.err = ctx.Err()
				return
			}
		}
		if err != nil {
			c.err = fmt.Errorf("read stream of X: %w", err)
			return
		}
	}
}

// fill waits for a line and takes along what is there already. A line without an
// end is what a cut connection leaves, and no line.
func (b *batch) fill(reader *bufio.Reader) error {
	for len(b.lines) < maxBatchLines && b.bytes < maxBatchBytes {
		line, long, err := readLine(reader)
		if err != nil {
			return err
		}
		if long {
			b.long++
		} else if line = bytes.TrimSpace(line); len(line) > 0 {
			b.lines = append(b.lines, line)
			b.bytes += len(line)
		}
		waiting, err := reader.Peek(reader.Buffered())
		if err != nil || bytes.IndexByte(waiting, '\n') < 0 {
			return err
		}
	}
	return nil
}

// readLine returns the next line in memory of its own, or that it was too long.
func readLine(reader *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := reader.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, false, err
		}
		if long = long || len(line)+len(part) > maxLineBytes; long {
			line = nil
		} else {
			line = append(line, part...)
		}
		if err == nil {
			return line, long, nil
		}
	}
}
