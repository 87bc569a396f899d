package blueskyd_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/blueskyd"
	"cashtag/schemas"

	"github.com/coder/websocket"
	"github.com/klauspost/compress/zstd"
)

const (
	pathV1 = "/subscribe"
	pathV2 = "/xrpc/network.bsky.jetstream.subscribeEvents"
)

func start(t *testing.T, change func(*blueskyd.Config)) *blueskyd.Server {
	t.Helper()
	cfg := blueskyd.DefaultConfig()
	if change != nil {
		change(&cfg)
	}
	s, err := blueskyd.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// post is a post of Bluesky, n seconds after the first.
func post(n int, text string, tags ...string) schemas.Event {
	at := time.Date(2026, 3, 18, 14, 0, n, 1, time.UTC)
	tweet := &schemas.Tweet{
		Platform: schemas.PlatformBluesky, PostID: "did:plc:demo/3k" + string(rune('a'+n)), CreatedAt: at, Text: text,
		Lang: "en", Tickers: tags, Cashtags: tags, Author: schemas.Author{ID: "did:plc:demo"},
	}
	return schemas.New("demo:bluesky:"+tweet.PostID, schemas.SourceDemoBluesky, tags[0], at, tweet)
}

func publish(t *testing.T, s *blueskyd.Server, events ...schemas.Event) {
	t.Helper()
	if err := s.Publish(events...); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http"+strings.TrimPrefix(url, "ws"), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(raw)
}

// listen returns the next n frames of a subscription.
func listen(t *testing.T, url string, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, url, nil) //nolint:bodyclose // the library closes it
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	frames := make([]string, n)
	for i := range frames {
		_, raw, err := conn.Read(ctx)
		if err != nil {
			t.Fatalf("got %d frames and %v, want %d", i, err, n)
		}
		frames[i] = string(raw)
	}
	return frames
}

// TestFrames holds the frames to the shapes that the vendor documents.
func TestFrames(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	publish(t, s, post(0, "🚢 $aapl <b>, $BRK.B!", "AAPL", "BRK.B"))
	if err := s.Delete("did:plc:demo/3ka", time.Date(2026, 3, 18, 15, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	record := `{"$type":"app.bsky.feed.post","createdAt":"2026-03-18T14:00:00.000000001Z","facets":[{"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"$AAPL"}],"index":{"byteEnd":10,"byteStart":5}},{"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"$BRK.B"}],"index":{"byteEnd":22,"byteStart":16}}],"langs":["en"],"text":"🚢 $aapl <b>, $BRK.B!"}`
	tests := []struct {
		url  string
		want []string
	}{
		{pathV1 + "?cursor=1", []string{
			`{"did":"did:plc:demo","time_us":1773842400000001,"kind":"commit","commit":{"rev":"2222222222223","operation":"create","collection":"app.bsky.feed.post","rkey":"3ka","record":` + record + `,"cid":"bafyreidemo2222222222223"}}`,
			`{"did":"did:plc:demo","time_us":1773846000000000,"kind":"commit","commit":{"rev":"2222222222224","operation":"delete","collection":"app.bsky.feed.post","rkey":"3ka"}}`,
		}},
		{pathV2 + "?cursor=1", []string{
			`{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#commit","seq":1,"did":"did:plc:demo","time":"2026-03-18T14:00:00.000001Z","witnessedAt":"2026-03-18T14:00:00.000001Z","rev":"2222222222223","operation":"create","collection":"app.bsky.feed.post","rkey":"3ka","record":` + record + `,"cid":"bafyreidemo2222222222223"}}`,
			`{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#commit","seq":2,"did":"did:plc:demo","time":"2026-03-18T15:00:00.000000Z","witnessedAt":"2026-03-18T15:00:00.000000Z","rev":"2222222222224","operation":"delete","collection":"app.bsky.feed.post","rkey":"3ka"}}`,
		}},
	}
	for _, test := range tests {
		if got := listen(t, s.URL()+test.url, len(test.want)); !slices.Equal(got, test.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", test.url, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

// TestNoise is JSON of every kind, and reaches a subscriber as its filters say.
func TestNoise(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	publish(t, s, post(0, "$AAPL", "AAPL"))
	if err := s.Noise(64); err != nil {
		t.Fatal(err)
	}
	publish(t, s, post(1, "the last $AAPL", "AAPL"))
	tests := []struct {
		name, url string
		want      int
	}{
		{"v1 all", pathV1 + "?cursor=1", 66},
		{"v1 posts, and identity and account in any case", pathV1 + "?cursor=1&wantedCollections=app.bsky.feed.post", 62},
		{"v2 all", pathV2 + "?cursor=1", 66},
		{"v2 posts", pathV2 + "?cursor=1&kinds=commit&collections=app.bsky.feed.post", 54},
		{"v2 everything of the feed", pathV2 + "?cursor=1&kinds=commit&collections=app.bsky.feed.*", 58},
		{"v2 accounts", pathV2 + "?cursor=1&kinds=account&kinds=identity", 8},
		{"v2 short frames", pathV2 + "?cursor=1&kinds=commit&maxMessageSizeBytes=400", 4},
	}
	for _, test := range tests {
		frames := listen(t, s.URL()+test.url, test.want)
		for _, frame := range frames {
			if !json.Valid([]byte(frame)) {
				t.Errorf("%s: got %s, want JSON", test.name, frame)
			}
		}
		if last := frames[len(frames)-1]; strings.Contains(test.url, "commit") && !strings.Contains(test.url, "max") && !strings.Contains(last, "the last") {
			t.Errorf("%s: got %s in the end, want the last post", test.name, last)
		}
	}
}

// TestParameters holds refusals to those of the original.
func TestParameters(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *blueskyd.Config) { cfg.Retain = 2 })
	publish(t, s, post(0, "$A", "A"), post(1, "$A", "A"), post(2, "$A", "A"), post(3, "$A", "A"), post(4, "$A", "A"))
	tests := []struct {
		url    string
		status int
		want   string
	}{
		{pathV2 + "?wantedCollections=app.bsky.feed.post", 400, `"InvalidRequest"`},
		{pathV2 + "?wantedDids=did:plc:x", 400, "use dids"},
		{pathV2 + "?requireHello=true", 400, "server-push only"},
		{pathV2 + "?compress=true", 400, "zstdDictionary"},
		{pathV2 + "?kinds=post", 400, "unknown kind"},
		{pathV2 + "?kinds=account&collections=app.bsky.feed.post", 400, "can never apply"},
		{pathV2 + "?collections=posts", 400, "invalid collection"},
		{pathV2 + "?cursor=soon", 400, "invalid cursor"},
		{pathV2 + "?cursor=-1", 400, "invalid cursor"},
		{pathV2 + "?maxMessageSizeBytes=-1", 400, "invalid maxMessageSizeBytes"},
		{pathV2 + "?zstdDictionary=0", 400, "positive integer"},
		{pathV2 + "?zstdDictionary=7", 400, `"UnknownZstdDictionary"`},
		{pathV2 + "?cursor=3", 400, `"CursorTooOld"`},
		{pathV2 + "?cursor=4", 426, "Upgrade"},
		{pathV1 + "?cursor=soon", 400, "invalid cursor"},
		{pathV1 + "?wantedCollections=posts", 400, "invalid collection"},
		{pathV1 + "?cursor=3", 426, "Upgrade"},
		{"/xrpc/network.bsky.jetstream.getZstdDictionary?id=7", 404, `"DictionaryNotFound"`},
		{"/elsewhere", 404, "not found"},
	}
	for _, test := range tests {
		if status, body := get(t, s.URL()+test.url); status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: got %d %s, want %d with %s", test.url, status, body, test.status, test.want)
		}
	}
}

// TestCursors begins where the original does.
func TestCursors(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *blueskyd.Config) { cfg.Retain = 3 })
	publish(t, s, post(0, "$A", "A"), post(1, "$A", "A"), post(2, "$A", "A"), post(3, "$A", "A"), post(4, "$A", "A"))
	tests := []struct {
		name, url string
		want      []string
	}{
		{"v1 moved to the oldest", pathV1 + "?cursor=1", []string{"3kc"}},
		{"v1 by time", pathV1 + "?cursor=1773842403000000", []string{"3kd"}},
		{"v1 by a time before the oldest", pathV1 + "?cursor=1773842400000000", []string{"3kc"}},
		{"v2 inclusive", pathV2 + "?cursor=4", []string{"3kd", "3ke"}},
		{"v2 by time", pathV2 + "?cursor=1773842403000002", []string{"3ke"}},
		{"v2 by a time before the oldest", pathV2 + "?cursor=1000000000000000", []string{"OutdatedCursor", "3kc"}},
		{"v2 in the future", pathV2 + "?cursor=99", []string{"FutureCursor"}},
	}
	for _, test := range tests {
		for i, frame := range listen(t, s.URL()+test.url, len(test.want)) {
			if !strings.Contains(frame, test.want[i]) {
				t.Errorf("%s: got %s, want %s", test.name, frame, test.want[i])
			}
		}
	}
}

// TestDictionary compresses with the dictionary that it serves.
func TestDictionary(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	publish(t, s, post(0, "$AAPL", "AAPL"))
	for dictionary, url := range map[string]string{
		s.URL() + "/xrpc/network.bsky.jetstream.getZstdDictionary": pathV2 + "?cursor=1&zstdDictionary=20260318",
		"ws" + strings.TrimPrefix(s.DictionaryV1(), "http"):        pathV1 + "?cursor=1&compress=true",
	} {
		_, raw := get(t, dictionary)
		reader, err := zstd.NewReader(nil, zstd.WithDecoderDicts([]byte(raw)))
		if err != nil {
			t.Fatal(err)
		}
		packed := listen(t, s.URL()+url, 1)[0]
		plain, err := reader.DecodeAll([]byte(packed), nil)
		reader.Close()
		if err != nil || !strings.Contains(string(plain), `"text":"$AAPL"`) || len(packed) > len(plain)*2/3 {
			t.Errorf("%s: got %d bytes for %q, %v, want the frame, a third smaller", url, len(packed), plain, err)
		}
	}
}

// TestPublishRefuses names what Bluesky cannot carry.
func TestPublishRefuses(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for want, change := range map[string]func(*schemas.Event, *schemas.Tweet){
		"platform bluesky":    func(_ *schemas.Event, tweet *schemas.Tweet) { tweet.Platform = schemas.PlatformX },
		"want <did>/<rkey>":   func(_ *schemas.Event, tweet *schemas.Tweet) { tweet.PostID = "7" },
		"author":              func(_ *schemas.Event, tweet *schemas.Tweet) { tweet.Author.Followers = 1 },
		"carries neither":     func(_ *schemas.Event, tweet *schemas.Tweet) { tweet.Likes = 1 },
		"Bluesky carries one": func(event *schemas.Event, _ *schemas.Tweet) { event.Time = event.Time.Add(1) },
		"Bluesky takes 3000":  func(_ *schemas.Event, tweet *schemas.Tweet) { tweet.Text += strings.Repeat("x", 3000) },
	} {
		event := post(0, "$AAPL", "AAPL")
		change(&event, event.Data.(*schemas.Tweet))
		if err := s.Publish(event); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	many := post(0, strings.Repeat("$A ", 900), "A")
	if err := s.Publish(many); err == nil || !strings.Contains(err.Error(), "want 16384 at most") {
		t.Errorf("got %v for 900 facets, want an error with the bytes of a record", err)
	}
	if err := s.Delete("7", time.Now()); err == nil {
		t.Error("got no error for the deletion of 7, want <did>/<rkey>")
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for want, change := range map[string]func(*blueskyd.Config){
		"addr is":         func(c *blueskyd.Config) { c.Addr = "" },
		"retain is 0":     func(c *blueskyd.Config) { c.Retain = 0 },
		"ping is":         func(c *blueskyd.Config) { c.Ping = 0 },
		"write_within is": func(c *blueskyd.Config) { c.WriteWithin = 0 },
		"is in use":       func(c *blueskyd.Config) { c.Addr = strings.TrimPrefix(s.URL(), "ws://") },
	} {
		cfg := blueskyd.DefaultConfig()
		change(&cfg)
		if _, err := blueskyd.Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

// TestCloseEndsSubscriptions closes while a subscriber waits, twice.
func TestCloseEndsSubscriptions(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	conn, _, err := websocket.Dial(t.Context(), s.URL()+pathV2, nil) //nolint:bodyclose // the library closes it
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	s.Close()
	s.Close()
	if _, _, err := conn.Read(t.Context()); err == nil {
		t.Error("got a frame, want the end")
	}
	if n := s.Subscribers(); n != 0 {
		t.Errorf("got %d subscribers, want none", n)
	}
}
