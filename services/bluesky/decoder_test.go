package bluesky_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/bluesky"
	"cashtag/streams/ingest"
)

// frameV1 is a frame of a new post.
func frameV1(rest string) []byte {
	return []byte(`{"did":"did:plc:x","time_us":1783175888090631,"kind":"commit","commit":{"rev":"r","operation":"create","collection":"app.bsky.feed.post","rkey":"3abc","record":{"$type":"app.bsky.feed.post",` + rest + `},"cid":"c"}}`)
}

func decoder(change func(*bluesky.Config)) *bluesky.Decoder {
	cfg := bluesky.DefaultConfig()
	cfg.Tickers = ingest.Fixed{"AAPL", "BRK.B", "MSFT"}
	if change != nil {
		change(&cfg)
	}
	return bluesky.NewDecoder(cfg)
}

func TestDecodeDocumented(t *testing.T) {
	t.Parallel()
	v1 := `{"did":"did:plc:x","time_us":1783175888090631,"kind":"commit","commit":{"rev":"...","operation":"create","collection":"app.bsky.feed.post","rkey":"3k","record":{"$type":"app.bsky.feed.post","createdAt":"2026-07-04T14:38:06.240Z","langs":["en"],"text":"$AAPL up","facets":[{"index":{"byteStart":0,"byteEnd":5},"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"$AAPL"}]}]},"cid":"..."}}`
	v2 := `{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#commit","seq":12345,"did":"did:plc:x","time":"2026-08-24T17:31:05.329308Z","operation":"create","collection":"app.bsky.feed.post","rkey":"3k","record":{"createdAt":"2026-07-04T14:38:06.240Z","langs":["en"],"text":"$AAPL up"}}}`
	for version, raw := range map[bluesky.Version]string{bluesky.V1: v1, bluesky.V2: v2} {
		d := decoder(func(cfg *bluesky.Config) { cfg.MaxAge = 100 * 24 * time.Hour })
		reading, err := d.Decode(version, []byte(raw))
		if err != nil || !reading.Found {
			t.Fatalf("v%d: got %+v, %v, want a post", version, reading, err)
		}
		want := `{"specversion":"1.0","id":"bluesky:did:plc:x/3k","source":"/bluesky","type":"cashtag.tweet.v1","subject":"AAPL","time":"2026-07-04T14:38:06.24Z","datacontenttype":"application/json","dataschema":"urn:cashtag:schema:tweet.v1","data":{"platform":"bluesky","post_id":"did:plc:x/3k","created_at":"2026-07-04T14:38:06.24Z","text":"$AAPL up","lang":"en","tickers":["AAPL"],"cashtags":["AAPL"],"author":{"id":"did:plc:x","followers":0,"following":0,"posts":0,"listed":0,"verified":false},"reposts":0,"replies":0,"likes":0,"quotes":0}}`
		if got := encode(t, reading.Event); got != want {
			t.Errorf("v%d: got\n%s\nwant\n%s", version, got, want)
		}
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	seen := "2026-07-04T14:38:08.090631Z"
	tests := []struct {
		name string
		rest string
		// what of the event is compared, empty for none
		want string
	}{
		{"facet behind an emoji, in bytes", `"text":"🚀 $aapl","facets":[{"index":{"byteStart":5,"byteEnd":10},"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"$AAPL"}]}]`, "[AAPL] [AAPL] lang="},
		{"facet over other words", `"text":"Apple and $MSFT","facets":[{"index":{"byteStart":0,"byteEnd":5},"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"$AAPL"}]}]`, "[AAPL MSFT] [AAPL MSFT] lang="},
		{"facet narrower than the text", `"text":"$AAPL-based","facets":[{"index":{"byteStart":0,"byteEnd":5},"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"$AAPL"}]}]`, "[AAPL] [AAPL] lang="},
		{"facet without the class of the share", `"text":"$brk.b.","facets":[{"index":{"byteStart":0,"byteEnd":4},"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"$BRK"}]}]`, "[BRK.B] [BRK.B] lang="},
		{"facet out of the text", `"text":"$MSFT","facets":[{"index":{"byteStart":0,"byteEnd":99},"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"$AAPL"}]}]`, "[MSFT] [MSFT] lang="},
		{"facet backwards", `"text":"$MSFT","facets":[{"index":{"byteStart":3,"byteEnd":-1},"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"$AAPL"}]}]`, "[MSFT] [MSFT] lang="},
		{"facet that is a hashtag", `"text":"#AAPL $MSFT","facets":[{"index":{"byteStart":0,"byteEnd":5},"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"AAPL"}]}]`, "[MSFT] [MSFT] lang="},
		{"facets that are something else", `"text":"$MSFT","facets":"none"`, "[MSFT] [MSFT] lang="},
		{"no facets", `"text":"long $msft, short $ibm; $MSFT!"`, "[MSFT] [MSFT IBM] lang="},
		{"escaped dollar", `"text":"\u0024AAPL"`, "[AAPL] [AAPL] lang="},
		{"not followed", `"text":"$IBM"`, ""},
		{"amount", `"text":"US$100 and $5"`, ""},
		{"key only", `"text":"AAPL"`, ""},
		{"text that looks like a key", `"text":"$type"`, ""},
		{"wanted language", `"text":"$AAPL","langs":["en-GB"]`, "[AAPL] [AAPL] lang=en-GB"},
		{"second language wanted", `"text":"$AAPL","langs":["de","en"]`, "[AAPL] [AAPL] lang=en"},
		{"other language", `"text":"$AAPL","langs":["de"]`, ""},
		{"languages that are something else", `"text":"$AAPL","langs":7`, "[AAPL] [AAPL] lang="},
		{"reply", `"text":"$AAPL","reply":{"parent":{"uri":"at://did:plc:p/app.bsky.feed.post/3p"},"root":{"uri":"at://did:plc:r/app.bsky.feed.post/3r"}}`, "[AAPL] [AAPL] lang= reply=did:plc:p/3p"},
		{"quotation", `"text":"$AAPL","embed":{"$type":"app.bsky.embed.record","record":{"uri":"at://did:plc:q/app.bsky.feed.post/3q"}}`, "[AAPL] [AAPL] lang= quote=did:plc:q/3q"},
		{"quotation with a picture", `"text":"$AAPL","embed":{"$type":"app.bsky.embed.recordWithMedia","media":{},"record":{"$type":"app.bsky.embed.record","record":{"uri":"at://did:plc:q/app.bsky.feed.post/3q"}}}`, "[AAPL] [AAPL] lang= quote=did:plc:q/3q"},
		{"embedded feed", `"text":"$AAPL","embed":{"$type":"app.bsky.embed.record","record":{"uri":"at://did:plc:q/app.bsky.feed.generator/3q"}}`, "[AAPL] [AAPL] lang="},
		{"written before it was seen", `"text":"$AAPL","createdAt":"2026-07-04T16:38:08.000000001+02:00"`, "[AAPL] [AAPL] lang= at=2026-07-04T14:38:08.000000001Z"},
		{"written in the future", `"text":"$AAPL","createdAt":"2026-07-04T14:38:09Z"`, "[AAPL] [AAPL] lang= at=" + seen},
		{"written long ago", `"text":"$AAPL","createdAt":"2013-01-01T00:00:00Z"`, "[AAPL] [AAPL] lang= at=" + seen},
		{"written who knows when", `"text":"$AAPL","createdAt":"yesterday"`, "[AAPL] [AAPL] lang= at=" + seen},
		{"broken character", "\"text\":\"\xff $AAPL\"", "[AAPL] [AAPL] lang="},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			reading, err := decoder(nil).Decode(bluesky.V1, frameV1(test.rest))
			if err != nil {
				t.Fatal(err)
			}
			if !reading.Found {
				if test.want != "" || reading.Outcome != ingest.Filtered {
					t.Fatalf("got %+v, want %q, or filtered", reading, test.want)
				}
				return
			}
			if got := outline(reading.Event, test.want); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if err := reading.Event.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

// outline says what the tests compare; the time only where they do.
func outline(event schemas.Event, want string) string {
	tweet := event.Data.(*schemas.Tweet)
	line := fmt.Sprintf("%v %v lang=%s", tweet.Tickers, tweet.Cashtags, tweet.Lang)
	if tweet.ReplyTo != "" {
		line += " reply=" + tweet.ReplyTo
	}
	if tweet.QuoteOf != "" {
		line += " quote=" + tweet.QuoteOf
	}
	if strings.Contains(want, "at=") {
		line += " at=" + event.Time.Format(time.RFC3339Nano)
	}
	return line
}

// TestCashtagsAsTapesDo holds the reading of texts to the expression by which tapes
// are read.
func TestCashtagsAsTapesDo(t *testing.T) {
	t.Parallel()
	rule := regexp.MustCompile(`\$[A-Za-z][A-Za-z0-9]*(?:[.-][A-Za-z0-9]+)*`)
	for _, text := range []string{
		"$AAPL", "$aapl.", "$AAPL...", "$BRK.B-", "$BF-B, $A1", "$$MSFT$MSFT", "A$AP", "$a..b", "$5 $", "$é", "$X$Y.Z.1-2", "$AAPL.\n$MSFT",
	} {
		want := []string{}
		for _, found := range rule.FindAllString(text, -1) {
			if tag := strings.ToUpper(found[1:]); !slices.Contains(want, tag) {
				want = append(want, tag)
			}
		}
		d := decoder(func(cfg *bluesky.Config) { cfg.Tickers = ingest.Fixed(append(want, "ZZZ")) })
		quoted, err := json.Marshal(text + " $ZZZ")
		if err != nil {
			t.Fatal(err)
		}
		reading, err := d.Decode(bluesky.V1, frameV1(`"text":`+string(quoted)))
		if err != nil || !reading.Found {
			t.Errorf("%q: got %+v, %v, want a post", text, reading, err)
			continue
		}
		if got := reading.Event.Data.(*schemas.Tweet).Cashtags; !slices.Equal(got, append(want, "ZZZ")) {
			t.Errorf("%q: got %v, want %v", text, got, append(want, "ZZZ"))
		}
	}
}

func TestDecodeMalformed(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	tests := []struct {
		name    string
		version bluesky.Version
		raw     string
		want    string
	}{
		{"empty", bluesky.V1, "", "no JSON object"},
		{"garbage", bluesky.V1, "garbage $AAPL", "no JSON object"},
		{"cut off", bluesky.V1, `{"did":"did:plc:x","text":"$AAPL`, "no JSON object"},
		{"not JSON inside", bluesky.V1, `{"did":$AAPL}`, "decode v1 frame"},
		{"no time", bluesky.V1, `{"text":"$AAPL"}`, "time_us is 0"},
		{"absurd time", bluesky.V1, `{"time_us":9223372036854775807,"text":"$AAPL"}`, "want microseconds"},
		{"text that is a number", bluesky.V1, string(frameV1(`"text":7,"tags":["$AAPL"]`)), "decode record of did:plc:x/3abc"},
		{"too deep", bluesky.V1, string(frameV1(`"text":"$AAPL","x":` + deep)), "decode v1 frame"},
		{"key too long for an id", bluesky.V1, strings.Replace(string(frameV1(`"text":"$AAPL"`)), "3abc", strings.Repeat("k", 300), 1), "256 printable"},
		{"text longer than a post", bluesky.V1, string(frameV1(`"text":"` + strings.Repeat("$A ", 1001) + `"`)), "text has 3003 bytes: want 3000"},
		{"v1 on v2", bluesky.V2, string(frameV1(`"text":"$AAPL"`)), "want a message"},
		{"v2 without a place", bluesky.V2, `{"$type":"message","payload":{"$type":"n#commit","record":{"text":"$AAPL"}}}`, "want a place"},
		{"end of the stream", bluesky.V2, `{"$type":"error","error":"ConsumerTooSlow","message":"read faster"}`, "ConsumerTooSlow"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			reading, err := decoder(nil).Decode(test.version, []byte(test.raw))
			if err == nil || !strings.Contains(err.Error(), test.want) || reading.Found {
				t.Errorf("got %+v, %v, want an error with %q", reading, err, test.want)
			}
			if err != nil && (len(err.Error()) > 600 || strings.Contains(err.Error(), "\n")) {
				t.Errorf("got an error of %d bytes: %.700q, want one short line", len(err.Error()), err)
			}
		})
	}
}

// TestNotANewPost passes what is no new post by, without counting it.
func TestNotANewPost(t *testing.T) {
	t.Parallel()
	post := string(frameV1(`"text":"$AAPL"`))
	for name, raw := range map[string]string{
		"edit":             strings.Replace(post, `"create"`, `"update"`, 1),
		"deletion":         strings.Replace(post, `"create"`, `"delete"`, 1),
		"other collection": strings.Replace(post, `"app.bsky.feed.post","rkey"`, `"app.bsky.feed.like","rkey"`, 1),
		"identity":         strings.Replace(post, `"kind":"commit"`, `"kind":"identity"`, 1),
		"account":          `{"did":"did:plc:h","time_us":1783175888390226,"kind":"account","account":{"active":true,"did":"did:plc:h","seq":31527015471,"time":"2026-07-04T14:38:07.877Z"}}`,
	} {
		reading, err := decoder(nil).Decode(bluesky.V1, []byte(raw))
		if err != nil || reading.Found || reading.Outcome != "" {
			t.Errorf("%s: got %+v, %v, want nothing", name, reading, err)
		}
	}
}

func TestTickersChange(t *testing.T) {
	t.Parallel()
	list := &changing{list: []string{"AAPL"}, changed: make(chan struct{})}
	d := decoder(func(cfg *bluesky.Config) { cfg.Tickers = list })
	found := func(ticker string) bool {
		reading, err := d.Decode(bluesky.V1, frameV1(`"text":"$`+ticker+`"`))
		if err != nil {
			t.Fatal(err)
		}
		return reading.Found
	}
	if !found("AAPL") || found("IBM") {
		t.Fatal("got IBM or not AAPL, want AAPL alone")
	}
	old := list.changed
	list.list, list.changed = []string{"IBM"}, make(chan struct{})
	close(old)
	if found("AAPL") || !found("IBM") {
		t.Error("got AAPL or not IBM, want IBM alone after the change")
	}
}

type changing struct {
	list    []string
	changed chan struct{}
}

func (c *changing) List() []string           { return c.list }
func (c *changing) Changed() <-chan struct{} { return c.changed }

// TestPassedOverWithoutAllocation is what lets the whole network be read at the
// price of idling.
func TestPassedOverWithoutAllocation(t *testing.T) {
	d := decoder(nil)
	for version, frames := range map[bluesky.Version][][]byte{bluesky.V1: syntheticV1(64), bluesky.V2: syntheticV2(64)} {
		allocations := testing.AllocsPerRun(100, func() {
			for _, raw := range frames {
				if reading, err := d.Decode(version, raw); err != nil || reading.Decoded {
					t.Fatalf("got %+v, %v for %s, want it passed over", reading, err, raw)
				}
			}
		})
		if allocations != 0 {
			t.Errorf("v%d: got %.1f allocations for %d frames, want none", version, allocations, len(frames))
		}
	}
}

// syntheticV1 are posts without a cashtag, as long as real ones.
func syntheticV1(n int) [][]byte {
	frames := make([][]byte, n)
	for i := range frames {
		frames[i] = frameV1(synthetic(i))
	}
	return frames
}

func syntheticV2(n int) [][]byte {
	frames := make([][]byte, n)
	for i := range frames {
		frames[i] = []byte(`{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#commit","seq":` + strconv.Itoa(i+1) +
			`,"did":"did:plc:x","time":"2026-08-24T17:31:05.329308Z","rev":"r","operation":"create","collection":"app.bsky.feed.post","rkey":"3k","record":{"$type":"app.bsky.feed.post",` + synthetic(i) + `},"cid":"c"}}`)
	}
	return frames
}

func synthetic(i int) string {
	return `"createdAt":"2026-07-04T14:38:06.240Z","embed":{"$type":"app.bsky.embed.external","external":{"description":"a page ` + strconv.Itoa(i) +
		`","thumb":{"$type":"blob","ref":{"$link":"bafkreias7oxbr6swsuggccmtnqpoeami4jza5x4w3urltn6gzhqf4k6k2e"},"mimeType":"image/jpeg","size":119635},"title":"What is new","uri":"https://example.com/watch"}},"facets":[{"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://example.com/watch"}],"index":{"byteEnd":31,"byteStart":0}}],"langs":["en"],"text":"it costs $5, or two for US$9, at the corner shop. Have you seen it?"`
}
