package bluesky_test

import (
	"testing"

	"cashtag/services/bluesky"
)

// BenchmarkDecode reads frames of which one in 64 names a followed ticker, as a
// busy hour of the network has it: at least 50,000 frames/s a core are asked for.
func BenchmarkDecode(b *testing.B) {
	post := `"createdAt":"2026-07-04T14:38:06.240Z","langs":["en"],"text":"$AAPL and $MSFT up","facets":[{"index":{"byteStart":0,"byteEnd":5},"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"$AAPL"}]}]`
	named := syntheticV1(63)
	named = append(named, frameV1(post))
	for _, test := range []struct {
		name    string
		version bluesky.Version
		frames  [][]byte
	}{
		{"v1 without a cashtag", bluesky.V1, syntheticV1(64)},
		{"v2 without a cashtag", bluesky.V2, syntheticV2(64)},
		{"v1 one in 64", bluesky.V1, named},
		{"v1 each", bluesky.V1, [][]byte{frameV1(post)}},
	} {
		b.Run(test.name, func(b *testing.B) { decodeAll(b, test.version, test.frames) })
	}
}

func decodeAll(b *testing.B, version bluesky.Version, frames [][]byte) {
	b.Helper()
	d := decoder(nil)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		raw := frames[i%len(frames)]
		b.SetBytes(int64(len(raw)))
		if _, err := d.Decode(version, raw); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
}

// BenchmarkSource reads compressed frames of the stand-in over loopback.
func BenchmarkSource(b *testing.B) {
	server := serve(b)
	cfg := configFor(server)
	client := source(b, cfg)
	publish(b, server, written(0, "not followed: $ZZZ", "ZZZ")) // starts the clock
	noise(b, server, 10_000)
	publish(b, server, written(1, "the last $AAPL", "AAPL"))
	const frames = 10_002
	b.ReportAllocs()
	for b.Loop() {
		read(b, client, "", 1)
		if err := client.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(frames*b.N)/b.Elapsed().Seconds(), "frames/s")
}
