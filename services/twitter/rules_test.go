package twitter_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cashtag/embedded/xd"
	"cashtag/embedded/xd/xdtest"
	"cashtag/streams/ingest"
	"cashtag/streams/ingest/sourcetest"
)

// app calls the stand-in as another client of the same app does.
func app(t *testing.T, server *xd.Server, method, path, body string) map[string]any {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL()+path, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+xdtest.Bearer)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := map[string]any{}
	if err := json.Unmarshal(content, &answer); err != nil {
		t.Fatalf("%s: %v", content, err)
	}
	return answer
}

const rulesPath = "/2/tweets/search/stream/rules"

// rulesOf are the rules that the stand-in has, as tag and value, sorted.
func rulesOf(t *testing.T, server *xd.Server) []string {
	t.Helper()
	var rules []string
	data, _ := app(t, server, http.MethodGet, rulesPath, "")["data"].([]any)
	for _, each := range data {
		r := each.(map[string]any)
		tag, _ := r["tag"].(string)
		rules = append(rules, tag+" "+r["value"].(string))
	}
	slices.Sort(rules)
	return rules
}

// TestRulesFollowTheList leaves foreign rules alone, through a start, changes of
// the list, and a restart.
func TestRulesFollowTheList(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	app(t, server, http.MethodPost, rulesPath, `{"add":[{"value":"cats","tag":"cats"},{"value":"dogs"},{"value":"$OLD","tag":"cashtag:0"}]}`)
	foreign := []string{" dogs", "cats cats"}
	config := hasty(server)
	config.Lang, config.Retweets = "en", false
	tickers := sourcetest.NewTickers("AAPL")
	e := newEngine(t, config, tickers, ingest.Uncounted{})
	e.connect(t, server)
	want := func(ours ...string) {
		t.Helper()
		all := append(slices.Clone(foreign), ours...)
		slices.Sort(all)
		if got := rulesOf(t, server); !slices.Equal(got, all) {
			t.Errorf("got rules %q, want %q", got, all)
		}
	}
	want("cashtag:1 ($AAPL) lang:en -is:retweet")
	tickers.Set("AAPL", "MSFT")
	publish(t, server, posts(0, 1)...)
	e.has(t, 1)
	if err := e.until(t.Context(), func() bool { return strings.Contains(strings.Join(rulesOf(t, server), "\n"), "MSFT") }); err != nil {
		t.Fatal(err)
	}
	want("cashtag:0 ($AAPL OR $MSFT) lang:en -is:retweet")
	publish(t, server, posts(1, 2)...)
	e.has(t, 2)
	if server.Connects() != 1 {
		t.Errorf("got %d connections, want the stream to go on", server.Connects())
	}
	if err := e.source.Close(); err != nil {
		t.Fatal(err)
	}
	again := newEngine(t, config, tickers, ingest.Uncounted{})
	again.connect(t, server)
	want("cashtag:0 ($AAPL OR $MSFT) lang:en -is:retweet")
}

// TestEmptyListWaits does not connect before there is a ticker.
func TestEmptyListWaits(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	tickers := sourcetest.NewTickers()
	e := newEngine(t, hasty(server), tickers, ingest.Uncounted{})
	stepped := make(chan error, 1)
	go func() { stepped <- e.step(t.Context()) }()
	tickers.Set("AAPL")
	if err := <-stepped; err != nil {
		t.Fatal(err)
	}
	if server.Connections() != 1 {
		t.Error("got no connection after a ticker came")
	}
}

// TestServerSideFilter lets through what the rules say and no more, and the client
// counts what it drops itself.
func TestServerSideFilter(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	app(t, server, http.MethodPost, rulesPath, `{"add":[{"value":"$MSFT","tag":"someone else's"}]}`)
	config := hasty(server)
	config.Lang, config.Retweets = "en", false
	tally := sourcetest.NewTally()
	e := newEngine(t, config, ingest.Fixed{"AAPL"}, tally)
	e.connect(t, server)
	french, retweet, foreign := tweak(numbered(0, "AAPL")), tweak(numbered(1, "AAPL")), numbered(2, "MSFT")
	french.tweet.Lang, retweet.tweet.RepostOf = "fr", "1"
	publish(t, server, french.Event, retweet.Event, foreign, numbered(3, "AAPL"))
	e.has(t, 1)
	if got, want := e.events[0].ID, numbered(3, "AAPL").ID; got != want {
		t.Errorf("got %s, want %s alone", got, want)
	}
	if got := tally.Sum(ingest.Filtered); got != 1 {
		t.Errorf("tally: got %d filtered, want that of the foreign rule alone", got)
	}
}
