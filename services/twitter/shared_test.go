//go:build shared

package twitter_test

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"cashtag/internal/tape"
	"cashtag/schemas"
	"cashtag/services/twitter"
	"cashtag/streams/ingest"
	"cashtag/streams/ingest/sourcetest"
)

func sharedData() string {
	return cmp.Or(os.Getenv("CASHTAG_SHARED"), filepath.Join("..", "..", "..", "shared", "data"))
}

// TestRecordedTapeThroughTheWire plays all posts of a recorded tape.
func TestRecordedTapeThroughTheWire(t *testing.T) {
	t.Parallel()
	recorded, err := tape.Open(os.DirFS(filepath.Join(sharedData(), "stocknet")), tape.Options{})
	if err != nil {
		t.Fatal(err)
	}
	posts, tickers := tweetsOf(t, recorded.Events())
	if len(posts) != 9195 || len(tickers) != 10 {
		t.Fatalf("got %d posts of %d tickers, want 9195 of 10", len(posts), len(tickers))
	}
	playThrough(t, posts, tickers)
}

// TestRecordedFixtures decodes what X really sent. The recorded stream was asked
// for fewer fields than we ask for: the author, whom every post has, is put in.
func TestRecordedFixtures(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(sharedData(), "fixtures", "x_v2")
	config := twitter.DefaultConfig()
	decoder := twitter.NewDecoder(config, []string{"AAPL", "CLX", "MSFT", "SPY"})

	recorded, err := os.ReadFile(filepath.Join(folder, "filtered_stream_recorded_2022-11-08.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decoder.Decode(recorded); !errors.Is(err, twitter.ErrMalformed) {
		t.Errorf("got %v without an author, want it malformed", err)
	}
	post, err := decoder.Decode(bytes.Replace(recorded, []byte(`{"data":{`), []byte(`{"data":{"author_id":"5",`), 1))
	if err != nil || post.Excluded() {
		t.Fatalf("got %v, want a post", err)
	}
	want := &schemas.Tweet{
		Platform: schemas.PlatformX, PostID: "1589843207227322368",
		CreatedAt: time.Date(2022, 11, 8, 4, 52, 13, 118e6, time.UTC), // as its id says
		Text:      "Short Interests of Clorox, $CLX : -4.64% MoM\n\n#options #stocks $SPY \n\nCheck out our tool at: \nhttps://t.co/LAvUlvARE9 https://t.co/MdiWL2cv9C",
		Tickers:   []string{"CLX", "SPY"}, Cashtags: []string{"CLX", "SPY"}, Author: schemas.Author{ID: "5"},
	}
	if got := post.Event.Data.(*schemas.Tweet); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}

	lines, err := os.ReadFile(filepath.Join(folder, "stream_example_written.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	split := strings.Split(string(lines), "\n")
	post, err = decoder.Decode([]byte(split[0]))
	if err != nil || post.Excluded() {
		t.Fatalf("got %v, want a post", err)
	}
	author := post.Event.Data.(*schemas.Tweet).Author
	joined := time.Date(2013, 12, 14, 4, 35, 55, 0, time.UTC)
	if want := (schemas.Author{ID: "2244994945", CreatedAt: &joined, Followers: 1200, Following: 300, Posts: 8100, Listed: 12}); !reflect.DeepEqual(author, want) {
		t.Errorf("got %+v, want %+v", author, want)
	}
	_, err = decoder.Decode([]byte(split[2]))
	if inStream, ok := errors.AsType[*twitter.StreamError](err); !ok || inStream.Issue != "UpstreamOperationalDisconnect" {
		t.Errorf("got %v, want the end of the stream", err)
	}
}

// TestRecordedSearch serves a recorded page of recent search to the client. Its
// posts name no ticker: each is read, counted and excluded.
func TestRecordedSearch(t *testing.T) {
	t.Parallel()
	recorded, err := os.ReadFile(filepath.Join(sharedData(), "fixtures", "x_v2", "search_recent_recorded_2022-10-07.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, config := record(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "rules"):
			_, _ = io.WriteString(w, `{"data":[{"id":"2","value":"($AAPL) lang:en -is:retweet","tag":"cashtag:0"}]}`)
		case strings.HasSuffix(r.URL.Path, "recent") && r.URL.Query().Get("next_token") == "":
			_, _ = w.Write(recorded)
		case strings.HasSuffix(r.URL.Path, "recent"):
			_, _ = io.WriteString(w, `{"meta":{"result_count":0}}`)
		default:
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
	})
	config.SearchLag = time.Millisecond
	tally := sourcetest.NewTally()
	e := newEngine(t, config, ingest.Fixed{"AAPL"}, tally)
	e.cursor = "1578511538419212287"
	if err := e.until(t.Context(), func() bool { return postIn(t, e.cursor) == "1578516068309794817" }); err != nil {
		t.Fatal(err)
	}
	if got := e.source.Spend().Today; got != 10 || tally.Sum(ingest.Filtered) < 10 || tally.Sum(ingest.Malformed) > 0 {
		t.Errorf("got %d read and %d filtered, want 10 of each", got, tally.Sum(ingest.Filtered))
	}
}
