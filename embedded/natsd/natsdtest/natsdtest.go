// Package natsdtest starts a nats-server for one test.
//
// The server is the real one, on a free port and in a directory of its own, so
// tests may run in parallel. It boots in about 10 ms.
package natsdtest

import (
	"testing"

	"cashtag/embedded/natsd"
)

// Start starts a server that is closed, with its files removed, when the test
// ends. Each opt may change the configuration first; a test that is not about
// durability may turn SyncAlways off to go faster.
func Start(tb testing.TB, opts ...func(*natsd.Config)) *natsd.Server {
	tb.Helper()
	cfg := natsd.DefaultConfig()
	cfg.Dir = tb.TempDir()
	cfg.Port = -1
	for _, opt := range opts {
		opt(&cfg)
	}
	s, err := natsd.Start(cfg)
	if err != nil {
		tb.Fatalf("start nats server: %v", err)
	}
	tb.Cleanup(s.Close)
	return s
}
