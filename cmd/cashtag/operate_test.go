package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"cashtag/streams"
)

func TestOperateInterrupted(t *testing.T) {
	t.Parallel()
	c := bareCluster(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	tests := []struct {
		name  string
		do    func(ctx context.Context) error
		times int // how often the user interrupts
		code  int // of the error; 0 for none
		want  string
	}{
		{"never", func(context.Context) error { return nil }, 0, 0, ""},
		{"ends at once", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 1, exitInterrupted, "interrupted"},
		{"says how far it came", func(ctx context.Context) error {
			<-ctx.Done()
			return fmt.Errorf("%w after 7 events", context.Cause(ctx))
		}, 1, exitInterrupted, "interrupted after 7 events"},
		{"is done all the same", func(ctx context.Context) error { <-ctx.Done(); return nil }, 1, 0, ""},
		{"does not listen", func(context.Context) error { <-release; return nil }, 2, exitInterrupted, "interrupted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			interrupts := make(chan os.Signal, test.times)
			for range test.times {
				interrupts <- os.Interrupt
			}
			console := Console{Interrupts: interrupts}
			err := operate(t.Context(), console, &Connection{NATSURL: c.url},
				func(ctx context.Context, _ *streams.Client) error { return test.do(ctx) })
			if test.code == 0 {
				if err != nil {
					t.Errorf("got %v, want no error", err)
				}
				return
			}
			exit, ok := errors.AsType[exitError](err)
			if !ok || exit.code != test.code || exit.text != test.want {
				t.Errorf("got %#v, want code %d and %q", err, test.code, test.want)
			}
		})
	}
}

func TestOperateWithoutServer(t *testing.T) {
	t.Parallel()
	gone := &cluster{url: "nats://127.0.0.1:1"}
	for _, args := range [][]string{{"flags"}, {"status"}, {"dead", "ls"}, {"tape", "record", "--stream", "TWEETS"}} {
		gone.cashtag(t, args...).want(t, exitFailed, "connect to NATS at nats://127.0.0.1:1")
	}
}

func TestOperateWithoutTopology(t *testing.T) {
	t.Parallel()
	c := bareCluster(t)
	for _, args := range [][]string{{"flags"}, {"flags", "set", "mongo", "off"}, {"status"}, {"dead", "ls"}, {"dead", "show", "1"}} {
		c.cashtag(t, args...).want(t, exitFailed, "`cashtag streams apply` creates what is missing")
	}
}
