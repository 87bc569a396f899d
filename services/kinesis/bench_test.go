package kinesis_test

import (
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"cashtag/embedded/stub"
	"cashtag/services/kinesis"
	"cashtag/streams"
	"cashtag/streams/durable"
)

// BenchmarkWrite drains batches of messages of 655 B into a far end in the same
// process that answers after 2 ms.
func BenchmarkWrite(b *testing.B) {
	for _, shape := range []struct{ batch, lanes int }{{500, 1}, {1000, 1}, {1000, 2}, {2000, 2}, {2000, 4}} {
		b.Run(fmt.Sprintf("batch=%d/lanes=%d", shape.batch, shape.lanes), func(b *testing.B) {
			far, err := stub.Kinesis(2 * time.Millisecond)
			if err != nil {
				b.Fatal(err)
			}
			defer far.Close()
			cfg := kinesis.DefaultConfig()
			cfg.Endpoint, cfg.AccessKey, cfg.SecretKey, cfg.Lanes = far.Endpoint(), "key", "secret", shape.lanes
			client, err := kinesis.NewClient(b.Context(), cfg)
			if err != nil {
				b.Fatal(err)
			}
			sink, err := kinesis.New(client, cfg, streams.Tweets, slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			batch := messages(shape.batch, 100)
			before, sent := cpu(), 0
			for b.Loop() {
				if errs := sink.Write(b.Context(), batch); errs != nil {
					b.Fatal(errs[0])
				}
				sent += len(batch)
			}
			if got := far.Events(); got != int64(sent) {
				b.Fatalf("far end has %d records, want %d", got, sent)
			}
			b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric((cpu()-before).Seconds()/float64(sent)*1e6, "cpu-s/million")
		})
	}
}

func messages(n, keys int) []durable.Message {
	batch := make([]durable.Message, n)
	for i := range batch {
		ticker := fmt.Sprintf("T%d", i%keys)
		batch[i] = durable.Message{
			Subject: "tweets.x." + ticker, Key: ticker, ID: fmt.Sprintf("x:%d", i),
			Stream: streams.Tweets, Sequence: uint64(i + 1),
			Data: []byte(fmt.Sprintf(`{"id":"x:%d","data":"%s"}`, i, strings.Repeat("a", 630))),
		}
	}
	return batch
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
