package xd_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/xd"
	"cashtag/embedded/xd/xdtest"
	"cashtag/schemas"
)

func asked() string {
	return "?" + url.Values{
		"tweet.fields": {"created_at,author_id,lang,entities,public_metrics,conversation_id,referenced_tweets"},
		"expansions":   {"author_id"},
		"user.fields":  {"created_at,public_metrics,verified_type,verified"},
	}.Encode()
}

func TestStreamLine(t *testing.T) {
	t.Parallel()
	joined := time.Date(2013, 12, 14, 4, 35, 55, 0, time.UTC)
	event := tweak(post(0, "Über $AAPL, $msft", "en", "AAPL", "TSLA"), func(t *tweet) {
		t.Cashtags = []string{"AAPL", "MSFT"}
		t.RepostOf, t.QuoteOf, t.ReplyTo = "1", "2", "3"
		t.Reposts, t.Replies, t.Likes, t.Quotes = 4, 5, 6, 7
		t.Author = schemas.Author{ID: "8", CreatedAt: &joined, Followers: 9, Following: 10, Posts: 11, Listed: 12, Verified: true}
	})
	id := strings.TrimPrefix(event.ID, "x:")
	const tail = `,"matching_rules":[{"id":"1273026480692322305","tag":"ours"}]}` + "\r\n"
	for name, test := range map[string]struct {
		renamed bool
		query   string
		want    string
	}{
		"nothing asked": {false, "", `{"data":{"edit_history_tweet_ids":["` + id + `"],"id":"` + id + `","text":"Über $AAPL, $msft"}` + tail},
		"before":        {false, asked(), `{"data":{"author_id":"8","conversation_id":"` + id + `","created_at":"2026-08-24T17:00:00.000Z","edit_history_tweet_ids":["` + id + `"],"entities":{"cashtags":[{"end":10,"start":5,"tag":"AAPL"},{"end":0,"start":0,"tag":"TSLA"},{"end":17,"start":12,"tag":"MSFT"}]},"id":"` + id + `","lang":"en","public_metrics":{"bookmark_count":0,"impression_count":0,"like_count":6,"quote_count":7,"reply_count":5,"retweet_count":4},"referenced_tweets":[{"id":"1","type":"retweeted"},{"id":"2","type":"quoted"},{"id":"3","type":"replied_to"}],"text":"Über $AAPL, $msft"},"includes":{"users":[{"created_at":"2013-12-14T04:35:55.000Z","id":"8","name":"Author 8","public_metrics":{"followers_count":9,"following_count":10,"listed_count":12,"tweet_count":11},"username":"author8","verified":true,"verified_type":"blue"}]}` + tail},
		"renamed":       {true, asked(), `{"data":{"author_id":"8","conversation_id":"` + id + `","created_at":"2026-08-24T17:00:00.000Z","edit_history_post_ids":["` + id + `"],"entities":{"cashtags":[{"end":10,"start":5,"tag":"AAPL"},{"end":0,"start":0,"tag":"TSLA"},{"end":17,"start":12,"tag":"MSFT"}]},"id":"` + id + `","lang":"en","public_metrics":{"bookmark_count":0,"impression_count":0,"like_count":6,"quote_count":7,"reply_count":5,"repost_count":4},"referenced_posts":[{"id":"1","type":"retweeted"},{"id":"2","type":"quoted"},{"id":"3","type":"replied_to"}],"text":"Über $AAPL, $msft"},"includes":{"users":[{"created_at":"2013-12-14T04:35:55.000Z","id":"8","name":"Author 8","public_metrics":{"followers_count":9,"following_count":10,"listed_count":12,"post_count":11},"username":"author8","verified":true,"verified_type":"blue"}]}` + tail},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := xdtest.Start(t, func(c *xd.Config) { c.Renamed = test.renamed })
			c := connect(t, server, "$AAPL", test.query)
			publish(t, server, event)
			if got := c.line(); got != test.want {
				t.Errorf("got  %swant %s", got, test.want)
			}
		})
	}
}

// TestOnlyWhatMatches sends a connected client what its rules match, and nothing
// that was published before.
func TestOnlyWhatMatches(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	publish(t, server, post(0, "$AAPL", "en", "AAPL"))
	c := connect(t, server, "$AAPL lang:en -is:retweet", "")
	publish(t, server,
		post(1, "$MSFT", "en", "MSFT"), post(2, "$AAPL", "de", "AAPL"),
		tweak(post(3, "$AAPL", "en", "AAPL"), func(t *tweet) { t.RepostOf = "1" }),
		post(4, "the fourth", "en", "AAPL"),
	)
	if got := c.line(); !strings.Contains(got, "the fourth") {
		t.Errorf("got %s, want the fourth post", got)
	}
}

func TestPublishRefuses(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	for name, event := range map[string]schemas.Event{
		"no number": tweak(post(1, "$AAPL", "en", "AAPL"), func(t *tweet) { t.PostID = "did/1" }),
		"bluesky":   tweak(post(1, "$AAPL", "en", "AAPL"), func(t *tweet) { t.Platform = schemas.PlatformBluesky }),
		"no post":   schemas.New("1", schemas.SourceXNYS, "clock", start, &schemas.Clock{}),
	} {
		if err := server.Publish(post(0, "$AAPL", "en", "AAPL"), event); err == nil {
			t.Errorf("%s: got it published, want an error", name)
		}
	}
	if all, _ := found(t, server, ""); len(all) != 0 {
		t.Errorf("got %d posts kept beside refused ones, want none", len(all))
	}
}

func TestTurnedAway(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t, func(c *xd.Config) { c.Connects = 3 })
	if status, answer := ask(t, server, http.MethodGet, streamPath, ""); status != http.StatusConflict {
		t.Errorf("no rules: got %d %v, want 409", status, answer)
	}
	first := connect(t, server, "$AAPL", "")
	status, answer := ask(t, server, http.MethodGet, streamPath, "")
	if status != http.StatusTooManyRequests || answer["connection_issue"] != "TooManyConnections" {
		t.Errorf("second connection: got %d %v, want 429 of too many", status, answer)
	}
	first.leave()
	response := open(t.Context(), t, server, http.MethodGet, streamPath, "") //nolint:bodyclose // open closes it when the test ends
	reset, err := strconv.ParseInt(response.Header.Get("X-Rate-Limit-Reset"), 10, 64)
	if response.StatusCode != http.StatusTooManyRequests || err != nil || time.Until(time.Unix(reset, 0)) < 14*time.Minute {
		t.Errorf("too many connects: got %d and reset %d, want 429 for a quarter of an hour", response.StatusCode, reset)
	}
	server.Revoke()
	if status, _ := ask(t, server, http.MethodGet, rulesPath, ""); status != http.StatusUnauthorized {
		t.Errorf("revoked: got %d, want 401", status)
	}
}

func TestOtherTokenIsRefused(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t, func(c *xd.Config) { c.Bearer = "another" })
	for _, path := range []string{streamPath, rulesPath, searchPath} {
		if status, _ := ask(t, server, http.MethodGet, path, ""); status != http.StatusUnauthorized {
			t.Errorf("%s: got %d, want 401", path, status)
		}
	}
}

func TestSlowClientIsCutOff(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t, func(c *xd.Config) { c.Queue = 5 })
	c := connect(t, server, "$AAPL", "")
	events := make([]schemas.Event, 30_000) // more than sockets hold
	for i := range events {
		events[i] = post(i, strings.Repeat("$AAPL ", 50), "en", "AAPL")
	}
	publish(t, server, events...)
	last := ""
	for {
		line, err := c.lines.ReadString('\n')
		if err != nil {
			break
		}
		last = line
	}
	if !strings.Contains(last, "operational-disconnect") {
		t.Errorf("got %q last, want to be told", last)
	}
}
