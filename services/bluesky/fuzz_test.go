package bluesky_test

import (
	"testing"

	"cashtag/schemas"
	"cashtag/services/bluesky"
)

// FuzzDecode feeds hostile frames: nothing panics, what comes out is a valid event,
// and nothing is passed over that would have been one.
func FuzzDecode(f *testing.F) {
	for _, raw := range syntheticV1(2) {
		f.Add(false, raw)
	}
	for _, raw := range syntheticV2(2) {
		f.Add(true, raw)
	}
	f.Add(false, frameV1(`"text":"🚀 $aapl","langs":["en"],"facets":[{"index":{"byteStart":5,"byteEnd":10},"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"$AAPL"}]}]`))
	f.Add(false, frameV1(`"text":"$BRK.B","reply":{"parent":{"uri":"at://did:plc:p/app.bsky.feed.post/3p"}},"embed":{"record":{"record":{"uri":"at://a/app.bsky.feed.post/b"}}}`))
	f.Add(false, []byte(`{"did":"did:plc:x","time_us":1,"kind":"commit","commit":{"operation":"delete","collection":"app.bsky.feed.post","rkey":"3"}}`))
	f.Add(true, []byte(`{"$type":"error","error":"ConsumerTooSlow"}`))
	f.Add(true, []byte(`{"$type":"message","payload":{"$type":"n#info","name":"OutdatedCursor","message":"m"}}`))
	f.Add(true, []byte(`{"$type":"message","payload":{"$type":"n#commit","seq":1,"did":"did:plc:x","time":"2026-08-24T17:31:05Z","operation":"create","collection":"app.bsky.feed.post","rkey":"3","record":{"text":"$AAPL"}}}`))
	d := decoder(func(cfg *bluesky.Config) {
		cfg.Known, cfg.Deleted = everything{}, deletedEvent
	})
	f.Fuzz(func(t *testing.T, v2 bool, raw []byte) {
		version := bluesky.V1
		if v2 {
			version = bluesky.V2
		}
		reading, err := d.Decode(version, raw)
		if err == nil && !reading.Decoded && !reading.Found && len(raw) > 2 {
			// A cashtag beside what was passed over makes it be decoded: it would
			// have said nothing.
			whole := append([]byte(`{"beside":"$Z",`), raw[1:]...)
			if reading, err := d.Decode(version, whole); err == nil && reading.Found {
				t.Errorf("got nothing of %q, which says %+v", raw, reading.Event)
			}
		}
		if err != nil || !reading.Found {
			return
		}
		if err := reading.Event.Validate(); err != nil && reading.Event.Type == schemas.TypeTweet {
			t.Errorf("got event %+v of %q: %v", reading.Event, raw, err)
		}
	})
}
