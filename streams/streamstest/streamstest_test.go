package streamstest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/streamstest"
)

// recorder is a test that may fail, and ends when it is told to.
type recorder struct {
	testing.TB

	cleanups []func()
	errs     []string
}

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.errs = append(r.errs, fmt.Sprintf(format, args...))
}

func (r *recorder) end() {
	for _, cleanup := range slices.Backward(r.cleanups) {
		cleanup()
	}
}

func logged(id string) schemas.Event {
	at := time.Date(2026, 3, 18, 13, 30, 0, 0, time.UTC)
	return schemas.New(id, schemas.ServiceSource("test"), "test", at, &schemas.Log{Service: "test", Level: schemas.LevelInfo, Message: "here"})
}

func TestStart(t *testing.T) {
	t.Parallel()
	server := streamstest.Start(t)
	changes, err := streams.Diff(t.Context(), server.Client, server.Topology)
	if err != nil || len(changes) != 0 {
		t.Errorf("the server and its topology differ: got %v, %v", changes, err)
	}
	for n := range uint64(3) {
		if got := server.Last(t, streams.Logs); got != n {
			t.Errorf("last of LOGS: got %d, want %d", got, n)
		}
		server.Publish(t, logged(strconv.FormatUint(n, 10)))
	}
}

func TestConnectAs(t *testing.T) {
	t.Parallel()
	server := streamstest.Start(t)
	cases := []struct {
		name, service, subject string
		want                   string // in what fails the test
		closes                 bool
	}{
		{"what it may", streams.ServiceAlerts, "logs.alerts.info", "", false},
		{"what it may not", streams.ServiceAlerts, "tweets.x.AAPL", "alerts: refused: ", false},
		{"closed by the test", streams.ServiceMongo, "logs.mongo.info", "", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{TB: t}
			client := server.ConnectAs(r, c.service)
			if err := client.Conn.Publish(c.subject, []byte("{}")); err != nil {
				t.Fatal(err)
			}
			if c.closes {
				client.Conn.Close()
			}
			r.end()
			got := strings.Join(r.errs, "\n")
			if !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if !client.Conn.IsClosed() {
				t.Error("the connection outlives its test")
			}
		})
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	waits := func(err error) func(context.Context) error {
		return func(ctx context.Context) error { <-ctx.Done(); return err }
	}
	t.Run("stopped", func(t *testing.T) {
		t.Parallel()
		run := streamstest.Run(t, waits(broken))
		for range 2 {
			if err := run.Stop(t); !errors.Is(err, broken) {
				t.Errorf("got %v, want %v", err, broken)
			}
		}
	})
	t.Run("waited for", func(t *testing.T) {
		t.Parallel()
		run := streamstest.Run(t, func(context.Context) error { return broken })
		if err := run.Wait(t); !errors.Is(err, broken) {
			t.Errorf("got %v, want %v", err, broken)
		}
	})
	t.Run("left to its test", func(t *testing.T) {
		t.Parallel()
		r := &recorder{TB: t}
		returned := false
		streamstest.Run(r, func(ctx context.Context) error { <-ctx.Done(); returned = true; return nil })
		r.end()
		if !returned {
			t.Error("it outlives its test")
		}
		if len(r.errs) > 0 {
			t.Errorf("got %q, want a test that passes", r.errs)
		}
	})
	t.Run("an error that nobody asked for", func(t *testing.T) {
		t.Parallel()
		r := &recorder{TB: t}
		streamstest.Run(r, waits(broken))
		r.end()
		if got, want := strings.Join(r.errs, " "), "run: broken"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("an error that was asked for", func(t *testing.T) {
		t.Parallel()
		r := &recorder{TB: t}
		_ = streamstest.Run(r, waits(broken)).Stop(t)
		r.end()
		if len(r.errs) > 0 {
			t.Errorf("got %q, want a test that passes", r.errs)
		}
	})
}

func TestSwitch(t *testing.T) {
	t.Parallel()
	gate := streamstest.NewSwitch(false)
	changed := gate.Changed()
	streamstest.Run(t, func(context.Context) error { gate.Set(true); return nil })
	<-changed
	if !gate.On() {
		t.Error("got a gate that is off, want it on")
	}
	select {
	case <-gate.Changed():
		t.Error("got a change that nobody made")
	default:
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	var log streamstest.Log
	run := streamstest.Run(t, func(ctx context.Context) error {
		log.Logger().InfoContext(ctx, "here", "n", 1)
		return nil
	})
	streamstest.Eventually(t, "a line", func() bool { return log.String() != "" })
	if err := run.Wait(t); err != nil {
		t.Fatal(err)
	}
	if got, want := log.String(), "level=INFO msg=here n=1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
