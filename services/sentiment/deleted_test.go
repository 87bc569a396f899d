package sentiment_test

import (
	"testing"

	"cashtag/schemas"
	"cashtag/services/sentiment"
	"cashtag/streams/durable"
)

// TestDeletedPostsAreNotScored passes over a deletion and scores the posts beside
// it.
func TestDeletedPostsAreNotScored(t *testing.T) {
	post := newPost("$AAPL", "AAPL")
	data := &schemas.TweetDeleted{
		Platform: "x", PostID: "1960012345678901234", DeletedAt: postedAt, Scores: []schemas.DeletedScore{}, FromSequences: []uint64{1},
	}
	data.Take(post.Data.(*schemas.Tweet))
	deleted := schemas.New(schemas.TweetDeletedID(post.ID), post.Source, "AAPL", postedAt, data)
	for name, test := range map[string]struct {
		batch []durable.Message
		want  int
	}{
		"alone":         {[]durable.Message{message(t, 2, deleted)}, 0},
		"beside a post": {[]durable.Message{message(t, 2, deleted), message(t, 3, post)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			to := &publisher{}
			for _, err := range sentiment.New(bullish, to).Write(t.Context(), test.batch) {
				if err != nil {
					t.Errorf("got %v, want no errors", err)
				}
			}
			got := 0
			for _, call := range to.calls {
				got += len(call)
			}
			if got != test.want {
				t.Errorf("got %d scores, want %d", got, test.want)
			}
		})
	}
}
