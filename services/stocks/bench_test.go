package stocks_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/alpacad"
	"cashtag/schemas"
	"cashtag/services/stocks"
	"cashtag/streams/ingest"
)

// BenchmarkFrames decodes frames of a hundred trades, quotes and bars, and makes
// the events of those that are followed.
//
//	go test -run xxx -bench Frames -benchmem ./services/stocks
func BenchmarkFrames(b *testing.B) {
	const messages = 100
	for _, bench := range []struct {
		name    string
		tickers []string
	}{
		{"all followed", []string{"AAPL"}},
		{"none followed", []string{"MSFT"}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var parts []string
			for i := range messages {
				at := fmt.Sprintf(`"t":"2026-03-18T14:30:26.%09dZ"`, i)
				switch i % 3 {
				case 0:
					parts = append(parts, fmt.Sprintf(`{"T":"t","S":"AAPL","i":%d,"x":"V","p":162.92,"s":3,"c":["@","F","T","I"],"z":"C",%s}`, i, at))
				case 1:
					parts = append(parts, fmt.Sprintf(`{"T":"q","S":"AAPL","bx":"V","bp":162.9,"bs":1,"ax":"V","ap":162.95,"as":%d,"c":["R"],"z":"C",%s}`, i, at))
				default:
					parts = append(parts, fmt.Sprintf(`{"T":"b","S":"AAPL","o":132.65,"h":136,"l":132.12,"c":134.65,"v":%d,"t":"2026-03-18T14:30:00Z","n":16,"vw":133.7}`, i))
				}
			}
			frame := []byte("[" + strings.Join(parts, ",") + "]")
			frames := stocks.NewFrames(ingest.Uncounted{}, slog.New(slog.DiscardHandler), bench.tickers...)
			b.ReportAllocs()
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				if _, err := frames.Read(b.Context(), frame); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*messages)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// BenchmarkClient sends bars through the stand-in's websocket to the client, both
// on the same machine.
//
//	go test -run xxx -bench Client -benchmem ./services/stocks
func BenchmarkClient(b *testing.B) {
	const batch = 5000
	far := alpacad.DefaultConfig()
	server, err := alpacad.Start(b.Context(), far)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	cfg := stocks.DefaultConfig()
	cfg.Key, cfg.Secret = far.Key, far.Secret
	cfg.StreamURL, cfg.DataURL = server.StreamURL(), server.URL()
	cfg.Now = func() time.Time { return opening }
	source, err := stocks.NewAlpaca(cfg, ingest.Fixed{"AAPL"}, ingest.Uncounted{}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = source.Close() }()
	came := make(chan int, 1024)
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cursor := ""
		for ctx.Err() == nil {
			var events []schemas.Event
			events, cursor, _ = source.Next(ctx, cursor)
			came <- len(events)
		}
	}()
	if err := server.Subscribed(b.Context(), "AAPL"); err != nil {
		b.Fatal(err)
	}
	events := make([]schemas.Event, batch)
	for i := range events {
		events[i] = bar("AAPL", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := server.Publish(events...); err != nil {
			b.Fatal(err)
		}
		for n := 0; n < batch; {
			n += <-came
		}
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "messages/s")
	cancel()
	<-ended
}
