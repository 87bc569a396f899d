package bluesky_test

import (
	"testing"

	"cashtag/internal/demo"
	"cashtag/schemas"
	"cashtag/services/bluesky"
	"cashtag/streams/ingest"
)

// TestDemoDay plays every post of the demo day that was written on Bluesky, with
// others in between, through the stand-in and the client: what comes out is what
// went in, byte by byte.
func TestDemoDay(t *testing.T) {
	t.Parallel()
	day, err := demo.New()
	if err != nil {
		t.Fatal(err)
	}
	var want []schemas.Event
	for event, err := range day.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if event.Source == schemas.SourceDemoBluesky {
			want = append(want, event)
		}
	}
	if len(want) < 2000 {
		t.Fatalf("got %d posts of Bluesky in the demo day, want 2000 at least", len(want))
	}
	for _, version := range []bluesky.Version{bluesky.V1, bluesky.V2} {
		t.Run(map[bluesky.Version]string{bluesky.V1: "v1", bluesky.V2: "v2"}[version], func(t *testing.T) {
			t.Parallel()
			server, tally := serve(t), &counted{}
			cfg := configFor(server)
			cfg.Tickers, cfg.Tally = ingest.Fixed(day.Tickers()), tally
			if version == bluesky.V1 {
				cfg.V2 = nil
			}
			client := source(t, cfg)
			for _, event := range want {
				noise(t, server, 3)
				publish(t, server, event)
			}
			got, _, failures := read(t, client, "", len(want))
			if len(failures) != 0 {
				t.Fatalf("got failures %v, want none", failures)
			}
			same(t, got, want)
			if n := tally.of(ingest.Malformed); n != 0 {
				t.Errorf("got %d malformed frames, want none", n)
			}
		})
	}
}
