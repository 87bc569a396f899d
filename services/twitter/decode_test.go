package twitter_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"cashtag/schemas"
	"cashtag/services/twitter"
)

var tickers = []string{"AAPL", "BRK-A", "BRK.B", "MSFT"}

func readLines(tb testing.TB, name string) []string {
	tb.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}

func TestDecodeBothGenerations(t *testing.T) {
	t.Parallel()
	decoder := twitter.NewDecoder(twitter.DefaultConfig(), tickers)
	var encoded []string
	for _, line := range readLines(t, "testdata/posts.ndjson") {
		post, err := decoder.Decode([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		got, err := post.Event.Encode()
		if err != nil {
			t.Fatal(err)
		}
		encoded = append(encoded, string(got))
	}
	want := `{"specversion":"1.0","id":"x:1960012345678901234","source":"/x","type":"cashtag.tweet.v1","subject":"AAPL","time":"2026-08-24T17:31:05Z","datacontenttype":"application/json","dataschema":"urn:cashtag:schema:tweet.v1","data":{"platform":"x","post_id":"1960012345678901234","created_at":"2026-08-24T17:31:05Z","text":"Adding to $AAPL and $MSFT into the close","lang":"en","tickers":["AAPL","MSFT"],"cashtags":["AAPL","MSFT"],"author":{"id":"2244994945","created_at":"2013-12-14T04:35:55Z","followers":1200,"following":300,"posts":8100,"listed":12,"verified":true},"quote_of":"12","reply_to":"11","reposts":1,"replies":2,"likes":3,"quotes":4}}`
	for i, got := range encoded {
		if got != want {
			t.Errorf("generation %d:\n got %s\nwant %s", i+1, got, want)
		}
	}
	if len(encoded) != 2 {
		t.Errorf("got %d posts, want one of each generation", len(encoded))
	}
}

func frame(fields string) string {
	return `{"data":{"id":"1960012345678901234","author_id":"1","created_at":"2026-08-24T17:31:05.120Z",` + fields + `}}`
}

func TestDecodeTickers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		line string
		want []string
	}{
		"entities in their order":        {frame(`"text":"$AAPL $MSFT","entities":{"cashtags":[{"tag":"msft"},{"tag":"XYZ"},{"tag":"AAPL"}]}`), []string{"MSFT", "AAPL"}},
		"then the text":                  {frame(`"text":"$AAPL $MSFT","entities":{"cashtags":[{"tag":"MSFT"}]}`), []string{"MSFT", "AAPL"}},
		"text without entities":          {frame(`"text":"$brk.b"`), []string{"BRK.B"}},
		"class of a share with a hyphen": {frame(`"text":"$BRK.A"`), []string{"BRK-A"}},
		"entity that the text hides":     {frame(`"text":"see this","entities":{"cashtags":[{"tag":"AAPL"}]}`), []string{"AAPL"}},
		"none":                           {frame(`"text":"$XYZ"`), nil},
		"long post":                      {frame(`"text":"$AA","note_tweet":{"text":"$AAPL","entities":{"cashtags":[{"tag":"AAPL"}]}}`), []string{"AAPL"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			post, err := twitter.NewDecoder(twitter.DefaultConfig(), tickers).Decode([]byte(test.line))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			if !post.Excluded() {
				got = post.Event.Data.(*schemas.Tweet).Tickers
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestDecodeExcludes(t *testing.T) {
	t.Parallel()
	retweet := frame(`"lang":"en","text":"RT $AAPL","referenced_tweets":[{"type":"retweeted","id":"7"}]`)
	repost := frame(`"lang":"en","text":"RT $AAPL","referenced_posts":[{"type":"reposted","id":"7"}]`)
	french := frame(`"lang":"fr","text":"$AAPL"`)
	for name, test := range map[string]struct {
		line     string
		lang     string
		retweets bool
		want     bool
	}{
		"retweet":           {retweet, "en", false, true},
		"repost":            {repost, "en", false, true},
		"retweet is wanted": {retweet, "en", true, false},
		"other language":    {french, "en", false, true},
		"all languages":     {french, "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := twitter.DefaultConfig()
			config.Lang, config.Retweets = test.lang, test.retweets
			post, err := twitter.NewDecoder(config, tickers).Decode([]byte(test.line))
			if err != nil {
				t.Fatal(err)
			}
			if got := post.Excluded(); got != test.want || post.Ticker != "AAPL" {
				t.Errorf("got excluded %v of %q, want %v of AAPL", got, post.Ticker, test.want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"no JSON":        `{"data":`,
		"no post":        `{}`,
		"id no number":   `{"data":{"id":"x"}}`,
		"id of a kind":   `{"data":{"id":12}}`,
		"no time at all": `{"data":{"id":"12","author_id":"1","text":"$AAPL"}}`,
		"bad time":       `{"data":{"id":"12","author_id":"1","text":"$AAPL","created_at":"now"}}`,
		"no author":      `{"data":{"id":"1960012345678901234","text":"$AAPL"}}`,
		"too deep":       strings.Repeat("[", 65) + strings.Repeat("]", 65),
		"too long":       `{"data":{"id":"1","text":"` + strings.Repeat("a", 1<<20) + `"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decoder := twitter.NewDecoder(twitter.DefaultConfig(), tickers)
			_, err := decoder.Decode([]byte(line))
			if !errors.Is(err, twitter.ErrMalformed) {
				t.Fatalf("got %v, want it malformed", err)
			}
			if strings.Contains(err.Error(), "$AAPL") || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want one line without the post", err)
			}
			post, err := decoder.Decode([]byte(frame(`"text":"$AAPL"`)))
			if err != nil || post.Excluded() {
				t.Errorf("got %v after the bad one, want the next post", err)
			}
		})
	}
}

func TestDecodeStreamErrors(t *testing.T) {
	t.Parallel()
	decoder := twitter.NewDecoder(twitter.DefaultConfig(), tickers)
	for line, want := range map[string]string{
		`{"errors":[{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect","detail":"for operational reasons"}]}`: "X ends the stream: operational-disconnect, UpstreamOperationalDisconnect, for operational reasons",
		`{"title":"ConnectionException","connection_issue":"TooManyConnections"}`:                                                              "X ends the stream: ConnectionException, TooManyConnections",
	} {
		_, err := decoder.Decode([]byte(line))
		if fmt.Sprint(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	partial := `{"data":{"id":"1960012345678901234","author_id":"1","text":"$AAPL"},"errors":[{"title":"Not Found Error","resource_type":"user"}]}`
	if post, err := decoder.Decode([]byte(partial)); err != nil || post.Excluded() {
		t.Errorf("got %v, want the post in spite of what X could not add", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, line := range readLines(f, "testdata/posts.ndjson") {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"errors":[{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect"}]}`))
	f.Add([]byte(`{"title":"ConnectionException","connection_issue":"TooManyConnections"}`))
	f.Add([]byte(frame(`"text":"\ud83d $BRK.A","entities":null,"referenced_posts":[null,{}],"public_metrics":{"repost_count":-1}`)))
	config := twitter.DefaultConfig()
	config.Lang, config.Retweets = "", true
	decoder := twitter.NewDecoder(config, tickers)
	f.Fuzz(func(t *testing.T, line []byte) {
		post, err := decoder.Decode(line)
		if err != nil || post.Excluded() {
			return
		}
		if err := post.Event.Validate(); err != nil {
			t.Errorf("got an event that is not valid: %v", err)
		}
		first, err := post.Event.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := twitter.NewDecoder(config, tickers).Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := again.Event.Encode(); err != nil || string(second) != string(first) {
			t.Errorf("got %s, %v from a new decoder, want %s", second, err, first)
		}
	})
}
