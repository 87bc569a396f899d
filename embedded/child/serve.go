package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Exit codes of a child.
const (
	exitDone   = 0
	exitFailed = 1
	exitStuck  = 3 // the work did not stop in time
)

// serve is the life of a child process; it returns the exit code.
func serve(name string, run RunFunc) int {
	// A child of the child must not take itself for one.
	_ = os.Unsetenv(marker)

	// These reach a whole process group at once, or say that nobody reads the
	// log any more. When to stop is the parent's decision, told by the pipe.
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGPIPE)

	// Code that prints to standard output must not speak to the parent.
	in, out := os.Stdin, &reporter{w: os.Stdout}
	os.Stdout = os.Stderr
	os.Stdin, _ = os.Open(os.DevNull)

	if run == nil {
		return out.fail(fmt.Errorf("%s=%s names no function of this program", marker, name))
	}
	first, err := readHello(in)
	if err != nil {
		return out.fail(err)
	}

	ctx, cancel := context.WithCancel(context.Background()) //nolint:forbidigo // the root of a process
	defer cancel()
	go watchParent(in, first.StopTimeout, cancel)

	logger := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: first.LogLevel}))
	if err := run(ctx, first.Config, logger, out.ready); err != nil {
		return out.fail(err)
	}
	if ctx.Err() == nil && !out.isReady() {
		return out.fail(errors.New("returned before it was ready"))
	}
	return exitDone
}

// readHello reads the parent's first message. Nothing follows it, so that the
// decoder may read ahead.
func readHello(r io.Reader) (hello, error) {
	var h hello
	if err := json.NewDecoder(io.LimitReader(r, maxHello)).Decode(&h); err != nil {
		return hello{}, fmt.Errorf("read configuration from parent: %w", err)
	}
	return h, nil
}

// watchParent waits for the end of the pipe that only the parent can write,
// asks the work to stop, and ends the process when it does not.
func watchParent(in io.Reader, timeout time.Duration, stop context.CancelFunc) {
	_, _ = io.Copy(io.Discard, in)
	stop()

	<-time.NewTimer(timeout).C
	os.Exit(exitStuck)
}

// reporter writes status lines to the parent.
type reporter struct {
	w io.Writer

	mu   sync.Mutex
	addr string
}

// ready tells the parent where this child serves.
func (r *reporter) ready(addr string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if addr == "" {
		return errors.New("report ready: address is empty")
	}
	if r.addr != "" {
		return fmt.Errorf("report ready at %s: already ready at %s", addr, r.addr)
	}
	r.addr = addr
	return r.send(status{Addr: addr})
}

// isReady says whether ready was reported.
func (r *reporter) isReady() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.addr != ""
}

// fail tells the parent why this child ends; it returns the exit code.
func (r *reporter) fail(err error) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	// A parent that is gone needs no answer.
	_ = r.send(status{Error: oneLine(err.Error())})
	return exitFailed
}

// send writes one status line.
func (r *reporter) send(s status) error {
	line, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode status: %w", err)
	}
	if _, err := r.w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("report to parent: %w", err)
	}
	return nil
}

// oneLine joins the lines of an error text.
func oneLine(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "; ")
}
