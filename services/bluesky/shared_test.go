//go:build shared

package bluesky_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/bluesky"
	"cashtag/streams/ingest"

	"github.com/coder/websocket"
	"github.com/klauspost/compress/zstd"
)

func path(name string) string {
	root := cmp.Or(os.Getenv("CASHTAG_SHARED"), filepath.Join("..", "..", "..", "shared", "data"))
	return filepath.Join(root, "fixtures", "bluesky", name)
}

func fixture(tb testing.TB, name string) []byte {
	tb.Helper()
	raw, err := os.ReadFile(path(name))
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func recorded(tb testing.TB) [][]byte {
	tb.Helper()
	return bytes.Split(bytes.TrimSpace(fixture(tb, "jetstream_v1_recorded_2026-07-04.jsonl")), []byte("\n"))
}

// TestRecorded reads what an instance really sent, as it stands and with a cashtag
// put into each post, and holds every field to a reading by other means.
func TestRecorded(t *testing.T) {
	t.Parallel()
	d := decoder(func(cfg *bluesky.Config) { cfg.Languages = nil })
	posts, filtered := 0, 0
	for _, raw := range recorded(t) {
		reading, err := d.Decode(bluesky.V1, raw)
		if err != nil || reading.Found {
			t.Fatalf("got %+v, %v of %s, want nothing found", reading, err, raw)
		}
		if reading.Outcome == ingest.Filtered {
			filtered++
		}
		var w struct {
			DID    string `json:"did"`
			TimeUS int64  `json:"time_us"`
			Commit struct {
				Operation, Collection, RKey string
				Record                      map[string]any
			} `json:"commit"`
		}
		if err := json.Unmarshal(raw, &w); err != nil {
			t.Fatal(err)
		}
		if w.Commit.Operation != "create" || w.Commit.Collection != "app.bsky.feed.post" {
			continue
		}
		posts++
		text, _ := w.Commit.Record["text"].(string)
		w.Commit.Record["text"] = text + " $AAPL"
		var changed map[string]any
		if err := json.Unmarshal(raw, &changed); err != nil {
			t.Fatal(err)
		}
		changed["commit"].(map[string]any)["record"] = w.Commit.Record
		named, err := json.Marshal(changed)
		if err != nil {
			t.Fatal(err)
		}
		reading, err = d.Decode(bluesky.V1, named)
		if err != nil || !reading.Found {
			t.Fatalf("got %+v, %v of %s, want a post", reading, err, named)
		}
		tweet := reading.Event.Data.(*schemas.Tweet)
		written, err := time.Parse(time.RFC3339, w.Commit.Record["createdAt"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if seen := time.UnixMicro(w.TimeUS); written.After(seen) {
			written = seen // one author's clock is 0.3 s ahead
		}
		if tweet.Text != text+" $AAPL" || tweet.PostID != w.DID+"/"+w.Commit.RKey || !tweet.CreatedAt.Equal(written) {
			t.Errorf("got %+v of %s", tweet, named)
		}
		if langs, ok := w.Commit.Record["langs"].([]any); ok && tweet.Lang != langs[0] {
			t.Errorf("got language %q, want %v", tweet.Lang, langs[0])
		}
		if _, ok := w.Commit.Record["reply"]; ok != (tweet.ReplyTo != "") || strings.HasPrefix(tweet.ReplyTo, "at:") {
			t.Errorf("got an answer to %q, want one: %t", tweet.ReplyTo, ok)
		}
	}
	// 17 posts; 105 likes, 15 reposts, 6 follows and a block are created beside
	// them, which the subscription would not have brought.
	if posts != 17 || filtered != 17+105+15+6+1 {
		t.Errorf("got %d posts and %d frames filtered, want 17 and 144", posts, filtered)
	}
}

// TestRecordedDictionary reads frames that were compressed with the dictionary that
// v1 really uses.
func TestRecordedDictionary(t *testing.T) {
	t.Parallel()
	dictionary := fixture(t, "jetstream_v1.zdict")
	about, err := zstd.InspectDictionary(dictionary)
	if err != nil || about.ID() != 1612007021 {
		t.Fatalf("got %v, %v, want dictionary 1612007021", about, err)
	}
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderDict(dictionary))
	if err != nil {
		t.Fatal(err)
	}
	frame := packer.EncodeAll(frameV1(`"text":"🚢 $AAPL"`), nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("compress") != "true" {
			http.Error(w, "want compress=true", http.StatusTeapot)
			return
		}
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		defer func() { _ = conn.CloseNow() }()
		if err := conn.Write(r.Context(), websocket.MessageBinary, frame); err != nil {
			t.Errorf("write: %v", err)
		}
		<-conn.CloseRead(r.Context()).Done()
	}))
	t.Cleanup(server.Close)
	cfg := bluesky.DefaultConfig()
	cfg.V2, cfg.V1 = nil, []string{"ws" + strings.TrimPrefix(server.URL, "http")}
	cfg.Tickers, cfg.DictionaryV1 = ingest.Fixed{"AAPL"}, path("jetstream_v1.zdict")
	got, _, failures := read(t, source(t, cfg), "", 1)
	if len(failures) != 0 || got[0].ID != "bluesky:did:plc:x/3abc" {
		t.Errorf("got %v and failures %v, want the post and none", got, failures)
	}
}

// BenchmarkRecorded decodes the recorded frames in turn.
func BenchmarkRecorded(b *testing.B) {
	decodeAll(b, bluesky.V1, recorded(b))
}
