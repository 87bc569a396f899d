package streams_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/streams"

	"github.com/nats-io/nats.go"
)

// wire is a TCP proxy in front of a server that can be cut.
type wire struct {
	target   string
	listener net.Listener

	mu    sync.Mutex
	conns []net.Conn
	quota int // bytes that may still come back from the server; then it is cut
}

func newWire(tb testing.TB, server *natsd.Server) *wire {
	tb.Helper()
	u, err := url.Parse(server.ClientURL())
	if err != nil {
		tb.Fatalf("client url: %v", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("listen: %v", err)
	}
	w := &wire{target: u.Host, listener: listener, quota: 1 << 62}
	tb.Cleanup(func() {
		_ = listener.Close()
		w.cut()
	})
	go w.accept(tb.Context())
	return w
}

func (w *wire) accept(ctx context.Context) {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{}).DialContext(ctx, "tcp", w.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		w.mu.Lock()
		w.conns = append(w.conns, client, server)
		w.mu.Unlock()
		go func() { _, _ = io.Copy(server, client) }()
		go w.answers(client, server)
	}
}

// answers passes on what the server says, until the quota is used up: the answer
// that is next is then lost.
func (w *wire) answers(client, server net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := server.Read(buf)
		if err != nil {
			_ = client.Close()
			return
		}
		w.mu.Lock()
		w.quota -= n
		over := w.quota < 0
		w.mu.Unlock()
		if over {
			w.cut()
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

// cutAfter cuts the wire once the server has said n more bytes.
func (w *wire) cutAfter(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.quota = n
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns, w.quota = nil, 1<<62
}

func (w *wire) client(tb testing.TB) *streams.Client {
	tb.Helper()
	conn, err := nats.Connect("nats://"+w.listener.Addr().String(), nats.MaxReconnects(-1), nats.ReconnectWait(5*time.Millisecond))
	return clientOf(tb, conn, err)
}

// The connection is lost again and again, also between the commit of a batch and
// its answer. Every event is stored, and stored once.
func TestPublishOverABrokenWire(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			server := natsdtest.Start(t, mode.server)
			createStreams(t, inProcess(t, server), mode.stream)
			w := newWire(t, server)
			publisher := newPublisher(t, w.client(t), func(c *streams.PublisherConfig) {
				c.MaxBatch, c.Timeout, c.Retries = 50, 200*time.Millisecond, 1000
			})
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			cuts := 0
			var cutting sync.WaitGroup
			cutting.Go(func() {
				// Between two cuts something must get through.
				tick := time.NewTicker(time.Millisecond)
				defer tick.Stop()
				for next := uint64(0); ; {
					select {
					case <-tick.C:
					case <-ctx.Done():
						return
					}
					if stored := publisher.Stats().Events; stored >= next {
						w.cutAfter(rand.IntN(400))
						next = stored + 100
						cuts++
					}
				}
			})
			callers := make([][]schemas.Event, 4)
			var wait sync.WaitGroup
			for i := range callers {
				callers[i] = tweets(fmt.Sprint("caller", i), 800)
				wait.Go(func() {
					for call := range chunks(callers[i], 120) {
						if err := publisher.Publish(t.Context(), call...); err != nil {
							t.Errorf("publish: %v", err)
							return
						}
					}
				})
			}
			wait.Wait()
			stop()
			cutting.Wait()
			stats := publisher.Stats()
			t.Logf("%d cuts, %+v", cuts, stats)
			if stats.Retries == 0 || stats.Duplicates == 0 {
				t.Errorf("got %+v: no answer was lost, so nothing was shown", stats)
			}
			got := ids(contents(t, inProcess(t, server), streams.Tweets))
			if mode.name == "atomic" {
				checkOnce(t, got, callers...)
				return
			}
			checkAll(t, got, callers...)
		})
	}
}

// An answer that is lost with its connection is not waited for.
func TestLostConnectionEndsTheAttempt(t *testing.T) {
	server := natsdtest.Start(t)
	createStreams(t, inProcess(t, server), nil)
	w := newWire(t, server)
	publisher := newPublisher(t, w.client(t), func(c *streams.PublisherConfig) { c.Timeout = time.Hour })
	for i, events := range [][]schemas.Event{tweets("a", 1), tweets("b", 1), tweets("c", 500)} {
		if i > 0 {
			w.cutAfter(1)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		if err := publisher.Publish(ctx, events...); err != nil {
			t.Errorf("publish: %v", err)
		}
		cancel()
	}
	if got := publisher.Stats().Duplicates; got != 501 {
		t.Errorf("duplicates: got %d, want 501: each lost answer was of what had been stored", got)
	}
}

// checkAll is checkOnce without the order.
func checkAll(tb testing.TB, got []string, callers ...[]schemas.Event) {
	tb.Helper()
	times := make(map[string]int, len(got))
	for _, id := range got {
		times[id]++
	}
	for _, events := range callers {
		for _, event := range events {
			if times[event.ID] != 1 {
				tb.Errorf("event %s: stored %d times, want once", event.ID, times[event.ID])
			}
		}
	}
}

func chunks(events []schemas.Event, n int) func(func([]schemas.Event) bool) {
	return func(yield func([]schemas.Event) bool) {
		for len(events) > 0 {
			k := min(n, len(events))
			if !yield(events[:k]) {
				return
			}
			events = events[k:]
		}
	}
}

// A server that is stopped and started again in the middle loses nothing and
// stores nothing twice; callers only wait.
func TestPublishAcrossServerRestarts(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			dir := t.TempDir()
			start := func(port int) *natsd.Server {
				return natsdtest.Start(t, mode.server, func(c *natsd.Config) { c.Dir, c.Port = dir, port })
			}
			server := start(-1)
			u, err := url.Parse(server.ClientURL())
			if err != nil {
				t.Fatalf("client url: %v", err)
			}
			port, err := strconv.Atoi(u.Port())
			if err != nil {
				t.Fatalf("port: %v", err)
			}
			client := overTCP(t, server)
			createStreams(t, client, mode.stream)
			publisher := newPublisher(t, client, func(c *streams.PublisherConfig) { c.Timeout = 500 * time.Millisecond })

			callers := make([][]schemas.Event, 4)
			var wait sync.WaitGroup
			for i := range callers {
				callers[i] = tweets(fmt.Sprint("caller", i), 2000)
				wait.Go(func() {
					for call := range chunks(callers[i], 70) {
						if err := publisher.Publish(t.Context(), call...); err != nil {
							t.Errorf("publish: %v", err)
							return
						}
					}
				})
			}
			for restart := range 3 {
				want := uint64(restart+1) * 1500
				waitFor(t, "events before the restart", func() bool { return publisher.Stats().Events >= want })
				server.Close()
				server = start(port)
			}
			wait.Wait()
			if stats := publisher.Stats(); stats.Retries == 0 {
				t.Errorf("got %+v: nothing was tried again, so nothing was shown", stats)
			}
			got := ids(contents(t, inProcess(t, server), streams.Tweets))
			if mode.name == "atomic" {
				checkOnce(t, got, callers...)
				return
			}
			checkAll(t, got, callers...)
		})
	}
}
