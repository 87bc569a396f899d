package logs_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/logs"
)

type discard struct{}

func (discard) Publish(context.Context, ...schemas.Event) error { return nil }

func BenchmarkHandler(b *testing.B) {
	h := logs.New(slog.DiscardHandler, config(nil))
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx, discard{}) }()
	logger := slog.New(h).With("stream", "TWEETS")
	b.ReportAllocs()
	for b.Loop() {
		logger.InfoContext(ctx, "batch stored", "count", 500, "took", 12*time.Millisecond, "far_end", "mongodb://127.0.0.1:27017")
	}
	b.ReportMetric(float64(h.Dropped())/float64(b.N), "dropped/op")
	stop()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
