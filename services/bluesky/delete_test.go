package bluesky_test

import (
	"slices"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/bluesky"
	"cashtag/streams/ingest"
)

// everything knows every post.
type everything struct{}

func (everything) Has(string) bool { return true }

// ids knows some posts.
type ids []string

func (l ids) Has(postID string) bool { return slices.Contains(l, postID) }

// deletedEvent stands for the event of a deletion: a log event about the post.
func deletedEvent(postID string, at time.Time) (schemas.Event, bool) {
	return schemas.New("demo:deleted:"+postID, schemas.SourceDemoBluesky, "_", at, &schemas.Log{
		Service: "bluesky", Level: "info", Message: "deleted",
	}), true
}

// TestDeletions makes events of the deletions of posts that are known, and of those
// that were yielded a moment ago, and of no others.
func TestDeletions(t *testing.T) {
	t.Parallel()
	server, old, fresh := serve(t), written(1, "$AAPL", "AAPL"), written(2, "$AMD", "AMD")
	idOf := func(event schemas.Event) string { return event.Data.(*schemas.Tweet).PostID }
	at := time.Date(2026, 3, 18, 15, 0, 0, 0, time.UTC)
	remove := func(postID string) {
		t.Helper()
		if err := server.Delete(postID, at); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, server, fresh)
	remove("did:plc:nobody/3unknown")
	remove(idOf(fresh))
	remove(idOf(old))
	publish(t, server, written(3, "the end of $AMD", "AMD"))

	cfg, tally := configFor(server), &counted{}
	cfg.Known, cfg.Deleted, cfg.Tally = ids{idOf(old)}, deletedEvent, tally
	got, _, _ := read(t, source(t, cfg), "", 4)
	want := []string{fresh.ID, "demo:deleted:" + idOf(fresh), "demo:deleted:" + idOf(old), written(3, "the end of $AMD", "AMD").ID}
	for i, event := range got {
		if event.ID != want[i] {
			t.Errorf("event %d: got %s, want %s", i, event.ID, want[i])
		}
	}
	if !got[1].Time.Equal(at) {
		t.Errorf("got a deletion at %s, want %s", got[1].Time, at)
	}
	if n := tally.of(ingest.Filtered) + tally.of(ingest.Malformed); n != 0 {
		t.Errorf("got %d deletions counted, want none", n)
	}

	without, _, _ := read(t, source(t, configFor(server)), "", 2)
	same(t, without, []schemas.Event{fresh, written(3, "the end of $AMD", "AMD")})
}

var _ bluesky.Known = ids(nil)
