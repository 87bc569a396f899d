package main

import (
	"testing"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable/sinktest"
)

func TestErase(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	posts := []schemas.Event{sinktest.Tweet(1), sinktest.Tweet(2), sinktest.Tweet(3)}
	c.publish(t, posts...)
	first, second := posts[0].ID, posts[1].ID

	got := c.cashtag(t, "erase", first, second)
	got.want(t, exitDone, "")
	if want := first + "\terased\n" + second + "\terased\n"; got.out != want {
		t.Errorf("got %q, want %q", got.out, want)
	}
	if left := c.messages(t, streams.Tweets); left != 3 { // a post and two deletions
		t.Errorf("got %d messages in TWEETS, want 3", left)
	}
	again := c.cashtag(t, "erase", first)
	again.want(t, exitDone, "")
	if want := first + "\terased\n"; again.out != want {
		t.Errorf("again: got %q, want %q", again.out, want)
	}
	if left := c.messages(t, streams.Tweets); left != 3 {
		t.Errorf("again: got %d messages in TWEETS, want 3", left)
	}
}

func TestEraseRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		args      []string
		code      int
		out       string
		complaint string
		tweets    uint64
	}{
		{"unknown post", []string{"x:404"}, exitFailed, "x:404\tnot found\n", "do not hold this post", 1},
		{"no platform", []string{"404"}, exitUsage, "", `post "404": must be x:<post id> or bluesky:<did>/<record key>`, 1},
		{"other platform", []string{"x:1", "mastodon:1"}, exitUsage, "", `post "mastodon:1": must be`, 1},
		{"unseen", []string{"x:404", "--unseen"}, exitFailed, "x:404\tnot found\n", "do not hold this post", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			c.publish(t, sinktest.Tweet(1))
			got := c.cashtag(t, append([]string{"erase"}, test.args...)...)
			got.want(t, test.code, test.complaint)
			if got.out != test.out {
				t.Errorf("got %q, want %q", got.out, test.out)
			}
			if left := c.messages(t, streams.Tweets); left != test.tweets {
				t.Errorf("got %d messages in TWEETS, want %d", left, test.tweets)
			}
		})
	}
}
