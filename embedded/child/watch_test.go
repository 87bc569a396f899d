package child_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/child"
)

// closed closes a child and reports a failure.
func closed(tb testing.TB, p *child.Process) {
	tb.Helper()
	if err := p.Close(); err != nil {
		tb.Errorf("close: got %v, want nil", err)
	}
}

// dial connects to a child; no read or write on it takes longer than a test may.
func dial(tb testing.TB, addr string) net.Conn {
	tb.Helper()
	conn, err := (&net.Dialer{}).DialContext(tb.Context(), "tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		tb.Fatal(err)
	}
	return conn
}

// ask sees that the child behind a connection is alive.
func ask(tb testing.TB, conn net.Conn) {
	tb.Helper()
	want := []byte("are you there?\n")
	got := make([]byte, len(want))
	if _, err := conn.Write(want); err != nil {
		tb.Fatal(err)
	}
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, want) {
		tb.Fatalf("got %q, %v, want %q", got, err, want)
	}
}

// awaitEnd waits for the end of the process behind a connection.
func awaitEnd(tb testing.TB, conn net.Conn) {
	tb.Helper()
	_, err := conn.Read(make([]byte, 1))
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		tb.Errorf("got %v, want the connection to end with its process", err)
	}
}

// recorder keeps log records as text.
type recorder struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

// logger keeps records of level Info and above.
func (r *recorder) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(r, nil)) }

// lines is one text a record: level, child, text and the other attributes.
func (r *recorder) lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lines []string
	for line := range strings.Lines(r.text.String()) {
		var record struct {
			Level, Child, Text string
			FreeBytes          any `json:"free_bytes"`
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			return []string{err.Error()}
		}
		text := fmt.Sprintf("%s child=%s text=%s", record.Level, record.Child, record.Text)
		if record.FreeBytes != nil {
			text += fmt.Sprintf(" free_bytes=%v", record.FreeBytes)
		}
		lines = append(lines, text)
	}
	return lines
}
