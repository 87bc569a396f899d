package stocks_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

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
