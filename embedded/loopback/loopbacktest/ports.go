// Package loopbacktest finds ports for programs that a test starts, and that must be
// told one.
package loopbacktest

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// The ports that are tried lie below those that Linux, macOS and Windows give to who
// asks for any, so that nobody is given one before the program takes it.
const (
	lowest = 20_000
	count  = 10_000
)

// next is the last port that was tried, from lowest on. Test processes that run at the
// same time begin in different places.
var next atomic.Int64

func init() { next.Store(int64(os.Getpid()) * 97) }

// Port returns a port of 127.0.0.1 that was free a moment ago. No other call in this
// process is given it before all others were.
func Port(t *testing.T) string {
	t.Helper()
	var listen net.ListenConfig
	for range count {
		port := strconv.FormatInt(lowest+next.Add(1)%count, 10)
		listener, err := listen.Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatalf("no port from %d to %d is free", lowest, lowest+count-1)
	return ""
}
