package mongo_test

import (
	"fmt"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"cashtag/embedded/stub"
	"cashtag/streams"
	"cashtag/streams/durable/sinktest"
)

// BenchmarkWrite drains batches of tweets into a far end in the same process.
func BenchmarkWrite(b *testing.B) {
	for _, size := range []int{100, 500, 1000, 2000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			far, err := stub.Mongo()
			if err != nil {
				b.Fatal(err)
			}
			defer far.Close()
			sink := newStore(b, far.URI(), slog.New(slog.DiscardHandler)).Sink(streams.Tweets)
			if err := sink.Ensure(b.Context()); err != nil {
				b.Fatal(err)
			}
			batch := tweets(b, size)
			before, sent := cpu(), 0
			for b.Loop() {
				if errs := sink.Write(b.Context(), batch); errs != nil {
					b.Fatal(sinktest.First(errs))
				}
				sent += len(batch)
			}
			if got := far.Events(); got != int64(sent) {
				b.Fatalf("far end has %d documents, want %d", got, sent)
			}
			b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "docs/s")
			b.ReportMetric((cpu()-before).Seconds()/float64(sent)*1e6, "cpu-s/million")
		})
	}
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
