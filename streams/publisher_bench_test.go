package streams_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/streams"
)

// connections are the ways a process reaches the server.
var connections = []struct {
	name string
	dial func(testing.TB, *natsd.Server) *streams.Client
}{
	{"in-process", inProcess},
	{"tcp", overTCP},
}

// BenchmarkPublisher stores tweets of about 600 bytes under sync always and
// reports events a second.
func BenchmarkPublisher(b *testing.B) {
	for _, connection := range connections {
		for _, size := range []int{1, 100, 5000} {
			b.Run(fmt.Sprintf("%s/calls-of-%d", connection.name, size), func(b *testing.B) {
				client := connection.dial(b, natsdtest.Start(b))
				createStreams(b, client, nil)
				publisher := newPublisher(b, client, nil)
				// As many callers as fill one batch while another is on its way.
				callers := max(1, min(2000/size, b.N/size))
				events := tweets("bench", b.N)
				b.SetBytes(int64(encodedSize(b)))
				b.ResetTimer()
				var wait sync.WaitGroup
				share := (len(events) + callers - 1) / callers
				for part := range slices.Chunk(events, share) {
					wait.Go(func() {
						for call := range slices.Chunk(part, size) {
							if err := publisher.Publish(b.Context(), call...); err != nil {
								b.Errorf("publish: %v", err)
								return
							}
						}
					})
				}
				wait.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
				b.ReportMetric(float64(publisher.Stats().Events)/float64(max(1, publisher.Stats().Batches)), "events/batch")
			})
		}
	}
}

// BenchmarkPublisherLatency paces single events at 5000 a second and reports how
// long a caller waits.
func BenchmarkPublisherLatency(b *testing.B) {
	const rate = 5000
	for _, connection := range connections {
		b.Run(connection.name, func(b *testing.B) {
			client := connection.dial(b, natsdtest.Start(b))
			createStreams(b, client, nil)
			publisher := newPublisher(b, client, nil)
			events := tweets("paced", b.N)
			waits := make([]time.Duration, b.N)
			b.ResetTimer()
			start := time.Now()
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			var wait sync.WaitGroup
			for sent := 0; sent < b.N; {
				<-tick.C
				for due := min(b.N, int(time.Since(start).Seconds()*rate)); sent < due; sent++ {
					at, i := time.Now(), sent
					wait.Go(func() {
						if err := publisher.Publish(b.Context(), events[i]); err != nil {
							b.Errorf("publish: %v", err)
						}
						waits[i] = time.Since(at)
					})
				}
			}
			wait.Wait()
			b.StopTimer()
			slices.Sort(waits)
			for _, q := range []int{50, 99} {
				b.ReportMetric(float64(waits[(len(waits)-1)*q/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", q))
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func encodedSize(tb testing.TB) int {
	tb.Helper()
	data, err := schemas.Event.Encode(tweet("000001"))
	if err != nil {
		tb.Fatalf("encode: %v", err)
	}
	return len(data)
}
