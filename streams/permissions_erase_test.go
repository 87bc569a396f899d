package streams_test

import (
	"testing"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/erase"
)

// mayErase is what no service but the eraser may publish.
var mayErase = map[string]bool{
	"$JS.API.STREAM.MSG.DELETE.TWEETS": true,
	"$JS.API.STREAM.MSG.DELETE.DEAD":   true,
	"$JS.API.STREAM.MSG.DELETE.RETRY":  true,
}

// erases does what the eraser does: a stated deletion takes its post away.
func erases(operator *streams.Client) func(*testing.T, *streams.Client, *streams.Publisher) {
	return func(t *testing.T, client *streams.Client, _ *streams.Publisher) {
		t.Helper()
		publisher := newPublisher(t, operator, nil)
		post := tweet("to-be-erased")
		must(t, "publish", publisher.Publish(t.Context(), post))
		deleted := schemas.New(schemas.TweetDeletedID(post.ID), post.Source, schemas.NoTicker, postedAt, &schemas.TweetDeleted{
			Platform: post.Data.(*schemas.Tweet).Platform, PostID: post.Data.(*schemas.Tweet).PostID, DeletedAt: postedAt,
			Tickers: []string{}, Scores: []schemas.DeletedScore{}, FromSequences: []uint64{},
		})
		n, err := erase.New(client, nil).Purge(t.Context(), deleted)
		if err != nil || n != 1 {
			t.Errorf("purge: got %d and %v, want 1 message", n, err)
		}
	}
}

// A source that hears of deletions may look for what they are about.
func TestPermissionsSufficeForDeletions(t *testing.T) {
	server, operator := guarded(t)
	post := bluePost()
	must(t, "publish", newPublisher(t, operator, nil).Publish(t.Context(), post))
	client, refused := connectAs(t, server, streams.ServiceBluesky)
	posts, err := erase.OpenPosts(t.Context(), client, schemas.PlatformBluesky, schemas.SourceBluesky, 0)
	if err != nil {
		t.Fatal(err)
	}
	deleted, ok := posts.Deleted(post.Data.(*schemas.Tweet).PostID, postedAt)
	if !ok {
		t.Fatal("got no deletion")
	}
	deleted, keep, err := posts.Amend(t.Context(), deleted)
	if err != nil || !keep || len(deleted.Data.(*schemas.TweetDeleted).FromSequences) != 1 {
		t.Errorf("amend: got %+v, %t, %v, want it completed", deleted.Data, keep, err)
	}
	must(t, "publish", newPublisher(t, client, nil).Publish(t.Context(), deleted))
	if got := refused.all(); len(got) != 0 {
		t.Errorf("refused: got %q, want nothing", got)
	}
}
