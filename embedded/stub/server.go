package stub

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// readBufferBytes is what is read from a connection at once.
	readBufferBytes = 64 << 10
	headerTimeout   = 10 * time.Second
)

// counters is what every stub counts.
type counters struct {
	events, bytes, calls atomic.Int64
}

// Events is how many records, documents or objects were accepted.
func (c *counters) Events() int64 { return c.events.Load() }

// Bytes is how much arrived in requests that carried events, as sent.
func (c *counters) Bytes() int64 { return c.bytes.Load() }

// Calls is how many requests carried events.
func (c *counters) Calls() int64 { return c.calls.Load() }

func (c *counters) add(events, bytes int) {
	c.events.Add(int64(events))
	c.bytes.Add(int64(bytes))
	c.calls.Add(1)
}

// web is a stub that is spoken to over HTTP.
type web struct {
	counters
	server http.Server
	addr   string
	done   chan struct{}
	stop   sync.Once
}

func (w *web) serve(handler http.Handler) error {
	listener, err := listen()
	if err != nil {
		return err
	}
	w.addr = listener.Addr().String()
	w.done = make(chan struct{})
	w.server.Handler = handler
	w.server.ReadHeaderTimeout = headerTimeout
	go func() {
		defer close(w.done)
		_ = w.server.Serve(listener) // always ErrServerClosed, by Close
	}()
	return nil
}

// Endpoint is the URL to give to a client.
func (w *web) Endpoint() string { return "http://" + w.addr }

// Close drops every connection and stops listening.
func (w *web) Close() {
	w.stop.Do(func() {
		_ = w.server.Close()
		<-w.done
	})
}

func listen() (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback: it answers at once
	if err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	return listener, nil
}
