package schemas_test

import (
	"encoding/json"
	"strings"
	"testing"

	"cashtag/schemas"
)

func TestTweetDeletedTakesNoBody(t *testing.T) {
	post := newTweet()
	post.Text, post.Author.ID = "a body that nobody may read again", "2244994945"
	deleted := &schemas.TweetDeleted{
		Platform: post.Platform, PostID: post.PostID, DeletedAt: posted,
		Scores: []schemas.DeletedScore{}, FromSequences: []uint64{},
	}
	deleted.Take(post)
	if err := deleted.Validate(); err != nil {
		t.Fatalf("validate: %v", err)
	}
	line, err := json.Marshal(deleted)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"nobody", post.Author.ID, `"text"`, `"author"`} {
		if strings.Contains(string(line), secret) {
			t.Errorf("got %q in %s", secret, line)
		}
	}
	if got, want := deleted.Ticker(), post.Tickers[0]; got != want {
		t.Errorf("ticker: got %q, want %q", got, want)
	}
	// Of shasum -a 256: the contract of the hash, for readers in other languages.
	if got, want := schemas.TextHash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; got != want {
		t.Errorf("text hash: got %s, want %s", got, want)
	}
	if got, want := schemas.AuthorHash("a", "b"), schemas.TextHash("a:b"); got != want {
		t.Errorf("author hash: got %s, want %s", got, want)
	}
}

func TestTweetDeletedOfTheDemo(t *testing.T) {
	deleted := &schemas.TweetDeleted{Platform: "x", PostID: "1"}
	for source, want := range map[string]string{schemas.SourceX: "x:1", schemas.SourceDemoX: "demo:x:1"} {
		if got := deleted.TweetID(source); got != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
	if got := deleted.Ticker(); got != schemas.NoTicker {
		t.Errorf("ticker: got %q, want %q", got, schemas.NoTicker)
	}
}
