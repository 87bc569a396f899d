// Package mongodtest starts a MongoDB stand-in for a test.
//
// The test binary's TestMain must call child.Main(mongod.Child()) first.
package mongodtest

import (
	"log/slog"
	"testing"

	"cashtag/embedded/mongod"
)

// Start runs an empty server until the test ends and returns its connection
// string. Its warnings go to the test's log.
func Start(tb testing.TB) (uri string) {
	tb.Helper()
	cfg := mongod.DefaultConfig()
	cfg.Dir = tb.TempDir()
	cfg.Logger = slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	server, err := mongod.Start(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := server.Close(); err != nil {
			tb.Error(err)
		}
	})
	return server.URI()
}
