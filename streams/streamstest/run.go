package streamstest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

// Patience bounds every wait of this package. It is generous, for a busy machine.
const Patience = time.Minute

// Running is something that was started.
type Running struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    error       // once done is closed
	asked  atomic.Bool // somebody was given err
}

// Run calls run, such as the method of an engine, in the background. When the test
// ends so does its context, and the test waits for it to return. It fails for an
// error that neither Stop nor Wait returned to anybody.
func Run(tb testing.TB, run func(context.Context) error) *Running {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	r := &Running{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = run(ctx)
	}()
	tb.Cleanup(func() {
		asked := r.asked.Load()
		if err := r.Stop(tb); err != nil && !asked {
			tb.Errorf("run: %v", err)
		}
	})
	return r
}

// Cancel ends the context and does not wait.
func (r *Running) Cancel() { r.cancel() }

// Stop ends the context and returns what Wait does.
func (r *Running) Stop(tb testing.TB) error {
	tb.Helper()
	r.Cancel()
	return r.Wait(tb)
}

// Wait waits until run has returned, and returns its error: the same one each time.
func (r *Running) Wait(tb testing.TB) error {
	tb.Helper()
	select {
	case <-r.done:
		r.asked.Store(true)
		return r.err
	case <-time.After(Patience):
		tb.Fatalf("run did not return within %s", Patience)
		return nil
	}
}

// Eventually asks again and again until it is told yes. It is for what another
// process or goroutine does in its own time, and fails the test where that does not
// come.
func Eventually(tb testing.TB, what string, yes func() bool) {
	tb.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	timeout := time.After(Patience)
	for !yes() {
		select {
		case <-poll.C:
		case <-timeout:
			tb.Fatalf("waited %s for: %s", Patience, what)
		}
	}
}
