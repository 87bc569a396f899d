//go:build shared

package twitter_test

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"

	"cashtag/internal/tape"
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
	posts, tickers := tweetsOf(recorded.Events())
	if len(posts) != 9195 || len(tickers) != 10 {
		t.Fatalf("got %d posts of %d tickers, want 9195 of 10", len(posts), len(tickers))
	}
	playThrough(t, posts, tickers)
}
