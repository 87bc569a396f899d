package child_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
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
		if err := parent(name); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// parent starts a child, prints its address and waits to be killed.
func parent(name string) error {
	p, err := child.Start(context.Background(), name, nil, child.Options{StopTimeout: 200 * time.Millisecond})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(os.Stdout, p.Addr()); err != nil {
		return err
	}
	<-p.Done()
	return p.Err()
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
	if _, err := io.WriteString(os.Stdout, "printed\n"); err != nil {
		return err
	}
	if _, err := io.WriteString(os.Stderr, strings.Repeat("x", 1<<20)+"\nno line end"); err != nil {
		return err
	}
	if err := ready("somewhere"); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
