package child_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cashtag/embedded/child"
)

// parentMarker makes this test binary a parent that is there to be killed.
const parentMarker = "CASHTAG_CHILD_TEST_PARENT"

func TestMain(m *testing.M) {
	child.Main(
		child.Func{Name: "echo", Run: echo},
		child.Func{Name: "stubborn", Run: stubborn},
		child.Func{Name: "inspect", Run: inspect},
		child.Func{Name: "refuse", Run: refuse},
		child.Func{Name: "panic", Run: crash},
		child.Func{Name: "return", Run: returnEarly},
		child.Func{Name: "hang", Run: hang},
		child.Func{Name: "chatter", Run: chatter},
	)
	if name := os.Getenv(parentMarker); name != "" {
		os.Exit(parent(name))
	}
	os.Exit(m.Run())
}

// parent starts a child, prints its address and waits to be killed.
func parent(name string) int {
	p, err := child.Start(context.Background(), name, nil, child.Options{StopTimeout: 200 * time.Millisecond})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Fprintln(os.Stdout, p.Addr())
	<-p.Done()
	return 1
}

// serveEcho answers every line on a loopback port. It leaves its connections
// open: only the end of the process closes them.
func serveEcho(ctx context.Context, ready func(string) error) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn) }()
		}
	}()
	return ready(listener.Addr().String())
}

func echo(ctx context.Context, _ []byte, logger *slog.Logger, ready func(string) error) error {
	if err := serveEcho(ctx, ready); err != nil {
		return err
	}
	<-ctx.Done()
	logger.InfoContext(ctx, "stopped cleanly")
	return nil
}

func stubborn(ctx context.Context, _ []byte, _ *slog.Logger, ready func(string) error) error {
	if err := serveEcho(ctx, ready); err != nil {
		return err
	}
	select {}
}

func inspect(ctx context.Context, config []byte, _ *slog.Logger, ready func(string) error) error {
	seen, err := json.Marshal(map[string]any{
		"config": string(config), "args": os.Args, "environment": os.Environ(),
	})
	if err != nil {
		return err
	}
	if err := ready(string(seen)); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func refuse(context.Context, []byte, *slog.Logger, func(string) error) error {
	return errors.New("listen on port 1:\n\tnot allowed")
}

func crash(context.Context, []byte, *slog.Logger, func(string) error) error {
	panic("no more")
}

func returnEarly(context.Context, []byte, *slog.Logger, func(string) error) error { return nil }

func hang(ctx context.Context, _ []byte, _ *slog.Logger, _ func(string) error) error {
	<-ctx.Done()
	return nil
}

func chatter(ctx context.Context, _ []byte, logger *slog.Logger, ready func(string) error) error {
	logger.DebugContext(ctx, "unwanted")
	logger.ErrorContext(ctx, "disk is full", "free_bytes", 12)
	fmt.Fprintln(os.Stdout, "printed")
	fmt.Fprintln(os.Stderr, strings.Repeat("x", 1<<20))
	fmt.Fprint(os.Stderr, "no line end")
	if err := ready("somewhere"); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func TestStartFails(t *testing.T) {
	tests := []struct {
		name    string
		child   string
		config  any
		timeout time.Duration
		want    string
	}{
		{"error before ready is one line", "refuse", nil, 0, "start refuse: refuse: listen on port 1:; not allowed"},
		{"panic before ready", "panic", nil, 0, "start panic: panic ended: exit status 2: panic: no more"},
		{"return before ready", "return", nil, 0, "start return: return: returned before it was ready"},
		{"never ready", "hang", nil, 50 * time.Millisecond, "start hang: not ready within 50ms"},
		{"unknown name", "nobody", nil, 0, "start nobody: not among the functions given to child.Main"},
		{"config that is not JSON", "echo", func() {}, 0, "start echo: encode configuration: json: unsupported type: func()"},
		{"config over the bound", "echo", strings.Repeat("x", 1<<20), 0,
			"start echo: configuration is 1048639 bytes, at most 1048576 are allowed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := child.Start(t.Context(), tt.child, tt.config, child.Options{ReadyTimeout: tt.timeout})
			if err == nil {
				_ = p.Close()
				t.Fatalf("got no error, want %q", tt.want)
			}
			if got := err.Error(); got != tt.want {
				t.Errorf("got error %q, want %q", got, tt.want)
			}
		})
	}
}

func TestStartEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("changed my mind")
	cancel(cause)
	if _, err := child.Start(ctx, "hang", nil, child.Options{}); !errors.Is(err, cause) {
		t.Errorf("got error %v, want %v", err, cause)
	}
}

func TestContextOfStartDoesNotEndChild(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, err := child.Start(ctx, "echo", nil, child.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	ask(t, dial(t, p.Addr()))
	if err := p.Close(); err != nil {
		t.Errorf("close: got %v, want nil", err)
	}
}

func TestConfigStaysPrivate(t *testing.T) {
	const secret = "swordfish"
	p, err := child.Start(t.Context(), "inspect", map[string]string{"key": secret}, child.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, p)

	var seen struct {
		Config      string
		Args        []string
		Environment []string
	}
	if err := json.Unmarshal([]byte(p.Addr()), &seen); err != nil {
		t.Fatal(err)
	}
	if want := `{"key":"swordfish"}`; seen.Config != want {
		t.Errorf("got config %s, want %s", seen.Config, want)
	}
	for _, text := range append(seen.Args, seen.Environment...) {
		if strings.Contains(text, secret) || strings.HasPrefix(text, "CASHTAG_CHILD=") {
			t.Errorf("got %q in arguments or environment, want neither secret nor marker", text)
		}
	}
}

func TestCloseIsClean(t *testing.T) {
	var records recorder
	p, err := child.Start(t.Context(), "echo", nil, child.Options{Logger: records.logger()})
	if err != nil {
		t.Fatal(err)
	}
	ask(t, dial(t, p.Addr()))
	if err := p.Err(); err != nil {
		t.Errorf("while it runs: got error %v, want nil", err)
	}
	for range 2 {
		if err := p.Close(); err != nil {
			t.Errorf("close: got %v, want nil", err)
		}
	}
	select {
	case <-p.Done():
	default:
		t.Error("done is open after close, want closed")
	}
	if got, want := records.lines(), "INFO child=echo text=stopped cleanly"; len(got) != 1 || got[0] != want {
		t.Errorf("got records %q, want %q alone", got, want)
	}
}

func TestCloseKillsWhatDoesNotStop(t *testing.T) {
	p, err := child.Start(t.Context(), "stubborn", nil, child.Options{StopTimeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	conn := dial(t, p.Addr())
	want := "stubborn did not stop within 100ms and was killed"
	if err := p.Close(); err == nil || err.Error() != want {
		t.Errorf("close: got error %v, want %q", err, want)
	}
	awaitEnd(t, conn)
}

func TestCrashIsReported(t *testing.T) {
	p, err := child.Start(t.Context(), "echo", nil, child.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(p.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	want := "echo ended: signal: killed"
	if err := p.Err(); err == nil || err.Error() != want {
		t.Errorf("got error %v, want %q", err, want)
	}
	if err := p.Close(); err == nil || err.Error() != want {
		t.Errorf("close: got error %v, want %q", err, want)
	}
}

func TestGroupSignalsDoNotEndChild(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			p, err := child.Start(t.Context(), "echo", nil, child.Options{})
			if err != nil {
				t.Fatal(err)
			}
			conn := dial(t, p.Addr())
			if err := syscall.Kill(p.Pid(), signal); err != nil {
				t.Fatal(err)
			}
			ask(t, conn)
			closed(t, p)
		})
	}
}

// A connection that a child never closes ends when the child's process does:
// that shows its end even where nobody reaps an orphan.
func TestChildEndsWithKilledParent(t *testing.T) {
	for _, name := range []string{"echo", "stubborn"} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), parentMarker+"="+name)
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			addr, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			conn := dial(t, strings.TrimSpace(addr))
			ask(t, conn)

			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			awaitEnd(t, conn)
		})
	}
}

func TestLogsReachParent(t *testing.T) {
	var records recorder
	p, err := child.Start(t.Context(), "chatter", nil, child.Options{Logger: records.logger()})
	if err != nil {
		t.Fatal(err)
	}
	closed(t, p)
	want := []string{
		"ERROR child=chatter text=disk is full free_bytes=12",
		"WARN child=chatter text=printed",
		"WARN child=chatter text=" + strings.Repeat("x", 64<<10),
		"WARN child=chatter text=no line end",
	}
	got := records.lines()
	if len(got) != len(want) {
		t.Fatalf("got %d records, want %d: %.300q", len(got), len(want), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("record %d: got %d bytes %.100q, want %d bytes %.100q", i, len(got[i]), got[i], len(want[i]), want[i])
		}
	}
}

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
