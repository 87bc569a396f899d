package twitter_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"cashtag/services/twitter"
	"cashtag/streams/ingest"
)

// recorder is a server that answers as it is told and notes what it was asked.
type recorder struct {
	mu       sync.Mutex
	requests []string
	answer   http.HandlerFunc
}

func record(t *testing.T, answer http.HandlerFunc) (*recorder, twitter.Config) {
	t.Helper()
	r := &recorder{answer: answer}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	config := twitter.DefaultConfig()
	config.BaseURL, config.Bearer = server.URL, "AAAA%2Fsecret"
	return r, config
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	query, err := url.QueryUnescape(request.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	lines := []string{strings.TrimSuffix(fmt.Sprintf("%s %s?%s", request.Method, request.URL.Path, query), "?")}
	for _, header := range []string{"Authorization", "Content-Type"} {
		if value := request.Header.Get(header); value != "" {
			lines = append(lines, header+": "+value)
		}
	}
	if len(body) > 0 {
		lines = append(lines, string(body))
	}
	r.mu.Lock()
	r.requests = append(r.requests, strings.Join(lines, "\n"))
	r.mu.Unlock()
	r.answer(w, request)
}

func (r *recorder) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

const askedFields = "expansions=author_id" +
	"%s&tweet.fields=created_at,author_id,lang,entities,public_metrics,conversation_id,referenced_tweets" +
	"&user.fields=created_at,public_metrics,verified_type,verified"

// TestRequests holds every request against what X documents.
func TestRequests(t *testing.T) {
	t.Parallel()
	requests, config := record(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.Path {
		case "GET /2/tweets/search/stream/rules":
			_, _ = io.WriteString(w, `{"data":[{"id":"1","value":"cats has:media","tag":"cats"},{"id":"2","value":"($XYZ) lang:en -is:retweet","tag":"cashtag:0"}]}`)
		case "POST /2/tweets/search/stream/rules":
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"data":[{"id":"3"}]}`)
		case "GET /2/tweets/search/recent":
			if r.URL.Query().Get("next_token") == "" {
				_, _ = io.WriteString(w, `{"data":[{"id":"1960012345678901235","text":"$MSFT","author_id":"1","lang":"en"}],"meta":{"newest_id":"1960012345678901235","next_token":"older"}}`)
				return
			}
			_, _ = io.WriteString(w, `{"data":[{"id":"1960012345678901234","text":"$AAPL","author_id":"1","lang":"en"}],"meta":{}}`)
		default:
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
	})
	source, err := twitter.New(config, ingest.Fixed{"AAPL", "BRK.B", "MSFT"}, ingest.Uncounted{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{tb: t, source: source, seen: make(map[string]bool), cursor: "1960012345678901200"}
	err = e.until(t.Context(), func() bool { return len(e.events) == 2 })
	if closeErr := source.Close(); err != nil || closeErr != nil {
		t.Fatal(err, closeErr)
	}
	const auth = "\nAuthorization: Bearer AAAA%2Fsecret"
	const rules = "/2/tweets/search/stream/rules"
	want := []string{
		"GET " + rules + auth,
		"POST " + rules + auth + "\nContent-Type: application/json\n" + `{"add":[{"value":"($AAPL OR $BRK.B OR $MSFT) lang:en -is:retweet","tag":"cashtag:1"}]}`,
		"POST " + rules + auth + "\nContent-Type: application/json\n" + `{"delete":{"ids":["2"]}}`,
		"GET /2/tweets/search/stream?" + fmt.Sprintf(askedFields, "") + auth,
		"GET /2/tweets/search/recent?" + searched("") + auth,
		"GET /2/tweets/search/recent?" + searched("&next_token=older") + auth,
	}
	got := requests.all()
	if !slices.Equal(got, want) {
		t.Errorf("got requests\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if ids := []string{e.events[0].ID, e.events[1].ID}; !slices.Equal(ids, []string{"x:1960012345678901234", "x:1960012345678901235"}) {
		t.Errorf("got %q, want the older post first", ids)
	}
}

// searched is a search's query: a minute before the last known post.
func searched(token string) string {
	return fmt.Sprintf(askedFields, "&max_results=100"+token+"&query=($AAPL OR $BRK.B OR $MSFT) lang:en -is:retweet&since_id=1960012094020661200")
}

func TestStatusErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		want   string
		fatal  bool
	}{
		"token":   {401, `{"title":"Unauthorized","detail":"Unauthorized"}`, "GET /2/tweets/search/stream/rules: X answered 401 Unauthorized (Unauthorized, Unauthorized): the bearer token is refused: make a new one in X's developer portal and set X_BEARER_TOKEN", true},
		"credits": {402, `{"title":"CreditsDepleted"}`, "GET /2/tweets/search/stream/rules: X answered 402 Payment Required (CreditsDepleted): the app has no credits left: buy some in X's developer portal", true},
		"project": {403, `<html>`, "GET /2/tweets/search/stream/rules: X answered 403 Forbidden: the app may not use this endpoint: put it in a project with access to the filtered stream", true},
		"moved":   {301, ``, "GET /2/tweets/search/stream/rules: X answered 301 Moved Permanently", false},
		"down":    {503, `{"detail":"over\ncapacity"}`, "GET /2/tweets/search/stream/rules: X answered 503 Service Unavailable (over capacity)", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, config := record(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			source, err := twitter.New(config, ingest.Fixed{"AAPL"}, ingest.Uncounted{}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := twitter.Check(t.Context(), config); fmt.Sprint(err) != test.want {
				t.Errorf("check:\n got %v\nwant %s", err, test.want)
			}
			_, _, err = source.Next(t.Context(), "")
			if got := ingest.IsFatal(err); got != test.fatal {
				t.Errorf("next: got fatal %v, want %v: %v", got, test.fatal, err)
			}
			if strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("got the token in %v", err)
			}
		})
	}
}

func TestNextEndsWithContext(t *testing.T) {
	t.Parallel()
	_, config := record(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "rules") {
			_, _ = io.WriteString(w, `{"data":[{"id":"2","value":"($AAPL) lang:en -is:retweet","tag":"cashtag:0"}]}`)
			return
		}
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	e := newEngine(t, config, ingest.Fixed{"AAPL"}, ingest.Uncounted{})
	if err := e.step(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.step(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's own error", err)
	}
}
