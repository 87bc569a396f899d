// Package xdtest starts an X stand-in for one test.
package xdtest

import (
	"testing"

	"cashtag/embedded/xd"
)

// Bearer is the token of every stand-in of this package.
const Bearer = "test-token"

// Start starts a stand-in whose search finds every post at once, unless an opt
// changes the configuration. It is closed when the test ends.
func Start(tb testing.TB, opts ...func(*xd.Config)) *xd.Server {
	tb.Helper()
	cfg := xd.DefaultConfig()
	cfg.Bearer = Bearer
	cfg.SearchDelay, cfg.SearchWindow = 0, 0
	for _, opt := range opts {
		opt(&cfg)
	}
	s, err := xd.Start(tb.Context(), cfg)
	if err != nil {
		tb.Fatalf("start x stand-in: %v", err)
	}
	tb.Cleanup(s.Close)
	return s
}
