package xd_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/xd"
	"cashtag/embedded/xd/xdtest"
	"cashtag/schemas"
)

// tweet is what tests change of a post.
type tweet = schemas.Tweet

func tweak(event schemas.Event, change func(*tweet)) schemas.Event {
	changed := *event.Data.(*schemas.Tweet)
	change(&changed)
	event.Data = &changed
	return event
}

// many publishes the posts 0..n-1, some of them late.
func many(t *testing.T, server *xd.Server, n int) []string {
	t.Helper()
	events := make([]schemas.Event, n)
	ids := make([]string, n)
	for i := range events {
		events[i] = post(i, "$AAPL", "en", "AAPL")
		ids[n-1-i] = strings.TrimPrefix(events[i].ID, "x:")
	}
	slices.Reverse(events[n/2:])
	publish(t, server, events...)
	return ids
}

func found(t *testing.T, server *xd.Server, parameters string) (ids []string, next string) {
	t.Helper()
	status, answer := ask(t, server, http.MethodGet, searchPath+"?query=%24AAPL&"+parameters, "")
	if status != http.StatusOK {
		t.Fatalf("%s: got %d %v", parameters, status, answer)
	}
	data, _ := answer["data"].([]any)
	for _, each := range data {
		ids = append(ids, each.(map[string]any)["id"].(string))
	}
	meta := answer["meta"].(map[string]any)
	next, _ = meta["next_token"].(string)
	if len(ids) > 0 && (meta["newest_id"] != ids[0] || meta["oldest_id"] != ids[len(ids)-1]) {
		t.Errorf("%s: got meta %v, want the first and the last of %q", parameters, meta, ids)
	}
	return ids, next
}

func TestSearchPages(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	want := many(t, server, 50)
	var got []string
	since := "since_id=" + want[45]
	page, next := found(t, server, since+"&max_results=20")
	got = append(got, page...)
	publish(t, server, post(100, "$AAPL", "en", "AAPL")) // does not shift the pages
	for next != "" {
		page, next = found(t, server, since+"&max_results=20&next_token="+next)
		got = append(got, page...)
	}
	if !slices.Equal(got, want[:45]) {
		t.Errorf("got %q, want %q", got, want[:45])
	}
	if all, _ := found(t, server, ""); len(all) != 10 {
		t.Errorf("got %d posts unless told, want 10", len(all))
	}
}

func TestSearchTimes(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t, func(c *xd.Config) {
		c.SearchDelay, c.SearchWindow = 30*time.Second, time.Minute
		c.Now = func() time.Time { return start.Add(80 * time.Second) }
	})
	want := many(t, server, 80)
	// From 20 s, a minute before now, to 50 s, half a minute before it.
	if got, _ := found(t, server, "max_results=100"); !slices.Equal(got, want[30:60]) {
		t.Errorf("got %d posts from %s, want 30 from %s", len(got), got[0], want[30])
	}
	at := func(seconds int) string { return start.Add(time.Duration(seconds) * time.Second).Format(time.RFC3339) }
	if got, _ := found(t, server, "max_results=100&start_time="+at(30)+"&end_time="+at(40)); !slices.Equal(got, want[40:50]) {
		t.Errorf("got %q, want %q", got, want[40:50])
	}
}

func TestSearchRefuses(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t, func(c *xd.Config) {
		c.SearchWindow = time.Minute
		c.Now = func() time.Time { return start.Add(80 * time.Second) }
	})
	ids := many(t, server, 80)
	for name, value := range map[string]string{
		"max_results": "9", "since_id": ids[70], "start_time": "2026-08-24T17:00:10Z", "end_time": "now",
		"next_token": "x", "sort_by": "age",
	} {
		status, answer := ask(t, server, http.MethodGet, searchPath+"?query=%24AAPL&"+name+"="+url.QueryEscape(value), "")
		if status != http.StatusBadRequest || !strings.Contains(compact(t, answer), fmt.Sprintf(`"parameters":{"%s":["%s"]}`, name, value)) {
			t.Errorf("%s=%s: got %d %v, want it refused by name", name, value, status, answer)
		}
	}
}

// TestKeepsTheNewest forgets the oldest posts.
func TestKeepsTheNewest(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t, func(c *xd.Config) { c.Keep = 20 })
	want := many(t, server, 30)[:20]
	if got, next := found(t, server, "max_results=100"); !slices.Equal(got, want) || next != "" {
		t.Errorf("got %d posts, want the newest 20", len(got))
	}
}
