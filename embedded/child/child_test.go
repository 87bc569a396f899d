package child_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"cashtag/embedded/child"
)

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
		{
			"config over the bound", "echo", strings.Repeat("x", 1<<20), 0,
			"start echo: configuration is 1048639 bytes, at most 1048576 are allowed",
		},
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
