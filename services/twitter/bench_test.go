package twitter_test

import (
	"testing"

	"cashtag/embedded/xd"
	"cashtag/embedded/xd/xdtest"
	"cashtag/schemas"
	"cashtag/services/twitter"
	"cashtag/streams/ingest"
)

func BenchmarkDecode(b *testing.B) {
	lines := readLines(b, "testdata/posts.ndjson")
	decoder := twitter.NewDecoder(twitter.DefaultConfig(), tickers)
	b.ReportAllocs()
	b.SetBytes(int64(len(lines[0])))
	for i := 0; b.Loop(); i++ {
		if post, err := decoder.Decode([]byte(lines[i%len(lines)])); err != nil || post.Excluded() {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "posts/s")
}

// BenchmarkClient reads from the stand-in, which shares the machine.
func BenchmarkClient(b *testing.B) {
	server := xdtest.Start(b, func(c *xd.Config) { c.Queue = 1 << 20 })
	e := newEngine(b, hasty(server), followed, ingest.Uncounted{})
	if err := e.until(b.Context(), func() bool { return server.Connections() == 1 }); err != nil {
		b.Fatal(err)
	}
	const chunk = 10_000
	next := 0
	b.ReportAllocs()
	b.ResetTimer()
	for read, written := 0, 0; read < b.N; {
		if read == written {
			b.StopTimer()
			events := make([]schemas.Event, min(chunk, b.N-written))
			for i := range events {
				events[i] = numbered(next, "AAPL")
				next++
			}
			b.StartTimer()
			if err := server.Publish(events...); err != nil {
				b.Fatal(err)
			}
			written += len(events)
		}
		events, cursor, err := e.source.Next(b.Context(), e.cursor)
		if err != nil {
			b.Fatal(err)
		}
		e.cursor = cursor
		read += len(events)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "posts/s")
}
