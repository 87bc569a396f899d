package streams_test

import (
	"fmt"
	"slices"
	"testing"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/streams"
)

func TestLastIDs(t *testing.T) {
	client := inProcess(t, natsdtest.Start(t, func(c *natsd.Config) { c.SyncAlways = false }))
	createStreams(t, client, nil)
	publisher := newPublisher(t, client, nil)
	ids := func(subject string, n int) []string {
		t.Helper()
		got, err := streams.LastIDs(t.Context(), client, subject, n)
		if err != nil {
			t.Fatalf("last ids: %v", err)
		}
		return got
	}
	if got := ids("tweets.x.>", 5); len(got) != 0 {
		t.Errorf("empty stream: got %q, want none", got)
	}
	// A few of one platform, thousands of another, a few again.
	var want []string
	blue := func(from, to int) {
		for i := from; i < to; i++ {
			event := bluePost()
			event.ID = fmt.Sprintf("bluesky:%d", i)
			want = append(want, event.ID)
			must(t, "publish", publisher.Publish(t.Context(), event))
		}
	}
	blue(0, 5)
	must(t, "publish", publisher.Publish(t.Context(), tweets("crowd", 5000)...))
	blue(5, 8)
	for _, n := range []int{1, 3, 4, 8, 100} {
		if got, want := ids("tweets.bluesky.>", n), want[max(0, len(want)-n):]; !slices.Equal(got, want) {
			t.Errorf("last %d: got %q, want %q", n, got, want)
		}
	}
	got := ids("tweets.*.AAPL", 5008)
	if len(got) != 5008 || got[0] != want[0] || got[5] != schemas.TweetID(schemas.PlatformX, "crowd-000000") || got[5007] != want[7] {
		t.Errorf("all: got %d ids, want 5008 in the order of the stream", len(got))
	}
	if got := ids("tweets.x.>", 1500); len(got) != 1500 || got[1499] != schemas.TweetID(schemas.PlatformX, "crowd-004999") {
		t.Errorf("last 1500 of the crowd: got %d ids, want the last of it at the end", len(got))
	}
	if _, err := streams.LastIDs(t.Context(), client, "nothing.>", 5); err == nil {
		t.Error("a subject that no stream keeps: got no error")
	}
}
