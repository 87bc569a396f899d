package bluesky_test

import (
	"strings"
	"testing"

	"cashtag/schemas"
	"cashtag/services/bluesky"
)

// TestRoundTrip plays posts through the stand-in and the client over both
// versions, compressed and not.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	reply := written(3, "@demo_bull1 🚀🚀 $aapl, really", "AAPL")
	reply.Data.(*schemas.Tweet).ReplyTo = "did:plc:other/3abc"
	quote := written(4, "this \"quoted\"\n\tpost <b>&amp;</b> $INTC", "INTC")
	quote.Data.(*schemas.Tweet).QuoteOf = "did:plc:other/3abd"
	silent := written(5, "no language said $AMD", "AMD")
	silent.Data.(*schemas.Tweet).Lang = ""
	want := []schemas.Event{
		written(1, "🚢 emoji first: $AAPL. And $AAPL again", "AAPL"),
		written(2, "class shares $BRK.B-", "BRK.B"), reply, quote, silent,
		written(6, "ends with $AMD", "AMD"),
	}
	tests := []struct {
		name       string
		version    bluesky.Version
		compressed bool
	}{
		{"v2 compressed", bluesky.V2, true},
		{"v2 plain", bluesky.V2, false},
		{"v1 compressed", bluesky.V1, true},
		{"v1 plain", bluesky.V1, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server, log := serve(t), &logbook{}
			cfg := configFor(server)
			cfg.Compress, cfg.Logger = test.compressed, log.logger()
			if test.version == bluesky.V1 {
				cfg.V2 = nil
			}
			for _, event := range want {
				noise(t, server, 20)
				publish(t, server, event)
			}
			got, cursor, failures := read(t, source(t, cfg), "", len(want))
			if len(failures) != 0 {
				t.Fatalf("got failures %v, want none", failures)
			}
			same(t, got, want)
			if prefix := map[bluesky.Version]string{bluesky.V1: "v1:", bluesky.V2: "v2:"}[test.version]; !strings.HasPrefix(cursor, prefix) {
				t.Errorf("got cursor %s, want one that begins with %s", cursor, prefix)
			}
			if said := "compressed=" + map[bool]string{true: "true", false: "false"}[test.compressed]; log.count(said) != 1 {
				t.Errorf("got no %s in the log, want it once", said)
			}
		})
	}
}
