package features_test

import (
	"bytes"
	"testing"

	"cashtag/schemas"
)

// TestDeletionsArePassedOver leaves what was counted as it was.
func TestDeletionsArePassedOver(t *testing.T) {
	at := when(t, "2026-03-18 14:00:00")
	post := newPost("1", at, "a", "$AAPL up", "AAPL")
	data := &schemas.TweetDeleted{Platform: "x", PostID: "1", DeletedAt: at, Scores: []schemas.DeletedScore{}, FromSequences: []uint64{}}
	data.Take(post.Data.(*schemas.Tweet))
	with, without := newState(t), newState(t)
	for _, event := range []schemas.Event{tick(at), post, tick(at.Add(1e9))} {
		with.Apply(event)
		without.Apply(event)
	}
	before := with.Stats().Passed
	with.Apply(schemas.New(schemas.TweetDeletedID(post.ID), post.Source, "AAPL", at, data))
	if got := with.Stats().Passed - before; got != 1 {
		t.Errorf("got %d events passed over, want 1", got)
	}
	if !bytes.Equal(with.Snapshot(), without.Snapshot()) {
		t.Error("a deletion changed the state")
	}
}
