// Package s3dtest starts an S3 stand-in for a test.
//
// The test binary's TestMain must call child.Main(s3d.Child()) first.
package s3dtest

import (
	"log/slog"
	"testing"

	"cashtag/embedded/s3d"
)

// Start runs an empty server until the test ends. Its warnings go to the
// test's log.
func Start(tb testing.TB) *s3d.Server {
	tb.Helper()
	cfg := s3d.DefaultConfig()
	cfg.Dir = tb.TempDir()
	cfg.Logger = slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	server, err := s3d.Start(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := server.Close(); err != nil {
			tb.Error(err)
		}
	})
	return server
}
