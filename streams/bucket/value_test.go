package bucket_test

import (
	"strings"
	"testing"

	"cashtag/streams/bucket"
)

func TestPlain(t *testing.T) {
	for typed, want := range map[string]string{
		"on": "on", " on\r\n": "on", `"on"`: "on", "' on '": "on", "`on`\n": "on", `""`: "", `"`: `"`, `"on`: `"on`, "a b": "a b",
	} {
		if got := bucket.Plain(typed); got != want {
			t.Errorf("plain %q: got %q, want %q", typed, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	long := strings.Repeat("ä", 40)
	if got, want := bucket.Shorten(long), strings.Repeat("ä", 30)+"..."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := bucket.Shorten("on"); got != "on" {
		t.Errorf("got %q, want it as it is", got)
	}
}

func TestFollow(t *testing.T) {
	leader := bucket.NewValue(bucket.Key{Name: "hours", Default: "session"})
	follower := bucket.NewValue(bucket.Key{Name: "hours.x", Default: "never"})
	changed := follower.Changed()
	follower.Follow(leader)
	if got := follower.Get(); got != "session" {
		t.Errorf("got %q, want what the leader says", got)
	}
	select {
	case <-changed:
	default:
		t.Error("the change was not told")
	}
	changed = follower.Changed()
	leader.SetDefault("always")
	state := follower.Read()
	if state.Word != "always" || state.Default != "always" || state.Explicit || state.Revision != 0 {
		t.Errorf("got %+v, want always by default", state)
	}
	select {
	case <-changed:
	default:
		t.Error("the leader's change was not told")
	}
}
