package xd_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"cashtag/embedded/xd"
	"cashtag/embedded/xd/xdtest"
	"cashtag/schemas"
)

const (
	streamPath = "/2/tweets/search/stream"
	rulesPath  = "/2/tweets/search/stream/rules"
	searchPath = "/2/tweets/search/recent"
)

// patience bounds what a test waits for.
const patience = 10 * time.Second

// start is when the first post of tests is written.
var start = time.Date(2026, 8, 24, 17, 0, 0, 0, time.UTC)

// post is the i-th, a second after the one before it.
func post(i int, text, lang string, tickers ...string) schemas.Event {
	at := start.Add(time.Duration(i) * time.Second)
	tweet := &schemas.Tweet{
		Platform: schemas.PlatformX, PostID: strconv.FormatInt((at.UnixMilli()-1288834974657)<<22, 10), CreatedAt: at,
		Text: text, Lang: lang, Tickers: tickers, Cashtags: []string{}, Author: schemas.Author{ID: "7"},
	}
	return schemas.New(schemas.TweetID("x", tweet.PostID), schemas.SourceX, tickers[0], at, tweet)
}

func publish(t *testing.T, server *xd.Server, events ...schemas.Event) {
	t.Helper()
	if err := server.Publish(events...); err != nil {
		t.Fatal(err)
	}
}

// open sends a request; the body is closed when the test ends.
func open(ctx context.Context, t *testing.T, server *xd.Server, method, path, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, server.URL()+path, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+xdtest.Bearer)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// ask sends a request and returns the status and the answer as compact JSON,
// without what differs from run to run.
func ask(t *testing.T, server *xd.Server, method, path, body string) (int, map[string]any) {
	t.Helper()
	response := open(t.Context(), t, server, method, path, body) //nolint:bodyclose // open closes it when the test ends
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := map[string]any{}
	if err := json.Unmarshal(content, &answer); err != nil {
		t.Fatalf("%s: %v", content, err)
	}
	if meta, ok := answer["meta"].(map[string]any); ok {
		delete(meta, "sent")
	}
	return response.StatusCode, answer
}

func compact(t *testing.T, answer any) string {
	t.Helper()
	encoded, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// client is a connected one.
type client struct {
	t        *testing.T
	response *http.Response
	lines    *bufio.Reader
	leave    context.CancelFunc
}

// connect adds a rule and opens the stream.
func connect(t *testing.T, server *xd.Server, rule, query string) *client {
	t.Helper()
	ask(t, server, http.MethodPost, rulesPath, `{"add":[{"value":"`+rule+`","tag":"ours"}]}`)
	return reconnect(t, server, query)
}

func reconnect(t *testing.T, server *xd.Server, query string) *client {
	t.Helper()
	ctx, leave := context.WithTimeout(t.Context(), patience)
	t.Cleanup(leave)
	response := open(ctx, t, server, http.MethodGet, streamPath+query, "") //nolint:bodyclose // open closes it when the test ends
	if response.StatusCode != http.StatusOK {
		t.Fatalf("got status %d, want a stream", response.StatusCode)
	}
	return &client{t: t, response: response, lines: bufio.NewReader(response.Body), leave: leave}
}

// line is the next line of the stream.
func (c *client) line() string {
	c.t.Helper()
	line, err := c.lines.ReadString('\n')
	if err != nil {
		c.t.Fatalf("read stream: %v after %q", err, line)
	}
	return line
}

// ends expects the end of the stream, after rest.
func (c *client) ends(rest string) {
	c.t.Helper()
	got, err := io.ReadAll(c.lines)
	if string(got) != rest {
		c.t.Errorf("got %q (%v), want the end after %q", got, err, rest)
	}
}
