package erase_test

import (
	"testing"

	"cashtag/schemas"
	"cashtag/streams/erase"
	"cashtag/streams/ingest"
)

// blue is a post on Bluesky.
func blue(i int) schemas.Event {
	event := post(i)
	data := *event.Data.(*schemas.Tweet)
	data.Platform, data.PostID = schemas.PlatformBluesky, "did:plc:a/"+data.PostID
	return schemas.New(schemas.TweetID(data.Platform, data.PostID), schemas.SourceBluesky, event.Subject, event.Time, &data)
}

func TestPosts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stored, fresh := blue(1), blue(2)
	r.Publish(t, stored)
	posts, err := erase.OpenPosts(t.Context(), r.Client, schemas.PlatformBluesky, schemas.SourceBluesky, 10)
	if err != nil {
		t.Fatal(err)
	}
	var cfg ingest.Config
	cfg.Amend = posts.Amend
	postID := func(event schemas.Event) string { return event.Data.(*schemas.Tweet).PostID }

	if !posts.Has(postID(stored)) || posts.Has(postID(fresh)) {
		t.Error("got another set of posts, want the stored one")
	}
	if _, keep, err := cfg.Amend(t.Context(), fresh); !keep || err != nil || !posts.Has(postID(fresh)) {
		t.Errorf("a new post: got %t, %v, want it kept and known", keep, err)
	}
	event, ok := posts.Deleted(postID(stored), deletedAt)
	if !ok {
		t.Fatal("got no deletion")
	}
	event, keep, err := cfg.Amend(t.Context(), event)
	if err != nil || !keep {
		t.Fatalf("amend: got %t, %v", keep, err)
	}
	if err := event.Validate(); err != nil {
		t.Error(err)
	}
	data := event.Data.(*schemas.TweetDeleted)
	if data.TextHash != schemas.TextHash(body) || event.Subject != stored.Subject || len(data.FromSequences) != 1 || !data.DeletedAt.Equal(deletedAt) {
		t.Errorf("got %s and %+v, want the facts of the post", event.Subject, data)
	}
	if _, keep, _ := cfg.Amend(t.Context(), stored); keep {
		t.Error("a post after its deletion: kept")
	}
	if _, ok := posts.Deleted(postID(stored), deletedAt); ok {
		t.Error("a second deletion: stated")
	}
	r.Publish(t, event)
	reopened, err := erase.OpenPosts(t.Context(), r.Client, schemas.PlatformBluesky, schemas.SourceBluesky, 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, keep, _ := reopened.Amend(t.Context(), stored); keep {
		t.Error("reopened: a post after its deletion: kept")
	}
}

// TestPostsOfOneBatch completes nothing of a post that is not stored yet, and still
// states its deletion.
func TestPostsOfOneBatch(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	posts, err := erase.OpenPosts(t.Context(), r.Client, schemas.PlatformBluesky, schemas.SourceBluesky, 0)
	if err != nil {
		t.Fatal(err)
	}
	fresh := blue(1)
	if _, keep, err := posts.Amend(t.Context(), fresh); !keep || err != nil {
		t.Fatalf("got %t, %v", keep, err)
	}
	event, _ := posts.Deleted(fresh.Data.(*schemas.Tweet).PostID, deletedAt)
	event, keep, err := posts.Amend(t.Context(), event)
	if err != nil || !keep || event.Subject != schemas.NoTicker {
		t.Fatalf("got %s, %t, %v, want a deletion without a ticker", event.Subject, keep, err)
	}
	r.Publish(t, fresh, event)
	r.run(t)
	if n := r.bodies(t); n != 0 {
		t.Errorf("got %d messages with the body, want none", n)
	}
}

func TestPostsAreBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Publish(t, blue(1), blue(2), blue(3))
	posts, err := erase.OpenPosts(t.Context(), r.Client, schemas.PlatformBluesky, schemas.SourceBluesky, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]bool{1: false, 2: true, 3: true} {
		if got := posts.Has(blue(i).Data.(*schemas.Tweet).PostID); got != want {
			t.Errorf("post %d: got %t, want %t", i, got, want)
		}
	}
}
