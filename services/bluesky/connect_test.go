package bluesky_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cashtag/services/bluesky"
	"cashtag/streams/ingest"
)

// TestRequests holds what is asked of a server to what the vendor documents.
func TestRequests(t *testing.T) {
	t.Parallel()
	server := serve(t)
	host := strings.TrimPrefix(server.URL(), "ws://")
	const (
		v1 = "/subscribe?"
		v2 = "/xrpc/network.bsky.jetstream.subscribeEvents?collections=app.bsky.feed.post"
	)
	tests := []struct {
		name     string
		version  bluesky.Version
		compress bool
		oldest   bool
		cursor   string
		want     []string
	}{
		{"v2 from now on", bluesky.V2, false, false, "", []string{v2 + "&kinds=commit&maxMessageSizeBytes=1048576"}},
		{"v2 from the oldest", bluesky.V2, false, true, "", []string{v2 + "&cursor=1000000000000000&kinds=commit&maxMessageSizeBytes=1048576"}},
		{"v2 compressed", bluesky.V2, true, false, "", []string{
			"/xrpc/network.bsky.jetstream.getZstdDictionary", v2 + "&kinds=commit&maxMessageSizeBytes=1048576&zstdDictionary=20260318",
		}},
		{"v2 by number", bluesky.V2, false, false, "v2:7:1783175888090631:HOST", []string{v2 + "&cursor=7&kinds=commit&maxMessageSizeBytes=1048576"}},
		{"v2 of another instance", bluesky.V2, false, false, "v2:7:1783175888090631:elsewhere", []string{v2 + "&cursor=1783175883090631&kinds=commit&maxMessageSizeBytes=1048576"}},
		{"v2 after v1", bluesky.V2, false, false, "v1:1783175888090631", []string{v2 + "&cursor=1783175883090631&kinds=commit&maxMessageSizeBytes=1048576"}},
		{"v1 from now on", bluesky.V1, false, false, "", []string{v1 + "maxMessageSizeBytes=1048576&wantedCollections=app.bsky.feed.post"}},
		{"v1 compressed", bluesky.V1, true, false, "", []string{"/dictionary/v1", v1 + "compress=true&maxMessageSizeBytes=1048576&wantedCollections=app.bsky.feed.post"}},
		{"v1 by time", bluesky.V1, false, false, "v1:1783175888090631", []string{v1 + "cursor=1783175883090631&maxMessageSizeBytes=1048576&wantedCollections=app.bsky.feed.post"}},
		{"v1 after v2", bluesky.V1, false, false, "v2:7:1783175888090631:HOST", []string{v1 + "cursor=1783175883090631&maxMessageSizeBytes=1048576&wantedCollections=app.bsky.feed.post"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan string, 8)
			cfg := configFor(server)
			cfg.Client, cfg.Compress, cfg.FromOldest = &http.Client{Transport: spy{asked}}, test.compress, test.oldest
			cfg.V1 = nil
			if test.version == bluesky.V1 {
				cfg.V1, cfg.V2 = cfg.V2, nil
			}
			client := source(t, cfg)
			ctx, cancel := context.WithTimeout(t.Context(), within)
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _, err := client.Next(ctx, strings.Replace(test.cursor, "HOST", host, 1))
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want a wait that was canceled", err)
				}
			}()
			for _, want := range test.want {
				select {
				case got := <-asked:
					if got != want {
						t.Errorf("got request\n%s\nwant\n%s", got, want)
					}
				case <-ctx.Done():
					t.Errorf("got no request, want %s", want)
				}
			}
			cancel()
			<-done
		})
	}
}

// spy notes what is asked.
type spy struct{ asked chan string }

func (s spy) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked <- r.URL.RequestURI()
	if strings.Contains(r.URL.Path, "subscribeEvents") && r.Header.Get("Sec-WebSocket-Protocol") != "xrpc.v1.json" {
		return nil, errors.New("no subprotocol was offered")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// TestDefaultInstances holds the public instances to what the vendor documents.
func TestDefaultInstances(t *testing.T) {
	t.Parallel()
	cfg := bluesky.DefaultConfig()
	v2 := []string{"wss://jetstream.us-east.bsky.network", "wss://jetstream.us-west.bsky.network"}
	v1 := []string{
		"wss://jetstream1.us-east.bsky.network", "wss://jetstream2.us-east.bsky.network",
		"wss://jetstream1.us-west.bsky.network", "wss://jetstream2.us-west.bsky.network",
	}
	if !slices.Equal(cfg.V2, v2) || !slices.Equal(cfg.V1, v1) {
		t.Errorf("got %v and %v, want %v and %v", cfg.V2, cfg.V1, v2, v1)
	}
	cfg.Tickers = ingest.Fixed{"AAPL"}
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
}

// TestFallback reads v1 where v2 is refused, says so once, and goes back to v2.
func TestFallback(t *testing.T) {
	t.Parallel()
	server, log := serve(t), &logbook{}
	server.OnlyV1(true)
	cfg := configFor(server)
	cfg.Logger = log.logger()
	client := source(t, cfg)
	first, second, third := written(1, "$AAPL", "AAPL"), written(30, "$AMD", "AMD"), written(60, "$AMD again", "AMD")
	publish(t, server, first)
	cursor := readTo(t, client, "", first)
	server.Cut()
	publish(t, server, second)
	cursor = readTo(t, client, cursor, second)
	if !strings.HasPrefix(cursor, "v1:") || log.count("since v2 refused") != 1 {
		t.Errorf("got cursor %s and log\n%s\nwant v1, and said once", cursor, log.buf.String())
	}
	server.OnlyV1(false)
	server.Cut()
	publish(t, server, third)
	if cursor = readTo(t, client, cursor, third); !strings.HasPrefix(cursor, "v2:3:") {
		t.Errorf("got cursor %s, want v2:3", cursor)
	}
}

// TestNoDictionary reads without compression where there is no dictionary, and says
// so once.
func TestNoDictionary(t *testing.T) {
	t.Parallel()
	server, log := serve(t), &logbook{}
	server.NoDictionary(true)
	cfg := configFor(server)
	cfg.Logger = log.logger()
	client := source(t, cfg)
	cursor := ""
	for n := range 3 {
		publish(t, server, written(30*n, "$AAPL", "AAPL"))
		_, cursor, _ = read(t, client, cursor, 1)
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if log.count("read uncompressed") != 1 || log.count("compressed=false") != 3 {
		t.Errorf("got log\n%s\nwant three plain connections, said once", log.buf.String())
	}
}

// TestBadDictionary refuses what is no dictionary of v1.
func TestBadDictionary(t *testing.T) {
	t.Parallel()
	server := serve(t)
	for name, where := range map[string]string{
		"a file that is not there": filepath.Join(t.TempDir(), "none"),
		"no dictionary":            "source_test.go",
		"another dictionary":       "http" + strings.TrimPrefix(server.URL(), "ws") + "/xrpc/network.bsky.jetstream.getZstdDictionary",
	} {
		log := &logbook{}
		cfg := configFor(server)
		cfg.V2, cfg.DictionaryV1, cfg.Logger = nil, where, log.logger()
		publish(t, server, written(1, "$AAPL", "AAPL"))
		read(t, source(t, cfg), "", 1)
		if log.count("read uncompressed") != 1 || log.count(where) != 1 {
			t.Errorf("%s: got log\n%s\nwant it said once, with where", name, log.buf.String())
		}
	}
}

// TestRetiredDictionary reads the next dictionary where the instance retired one.
func TestRetiredDictionary(t *testing.T) {
	t.Parallel()
	server := serve(t)
	cfg := configFor(server)
	cfg.V1 = nil
	asked := make(chan string, 32)
	cfg.Client = &http.Client{Transport: retiring{spy{asked}, new(atomic.Int64)}}
	publish(t, server, written(1, "$AAPL", "AAPL"))
	if _, _, failures := read(t, source(t, cfg), "", 1); len(failures) != 0 {
		t.Errorf("got %v, want no failure", failures)
	}
	dictionaries := 0
	for range len(asked) {
		if strings.Contains(<-asked, "getZstdDictionary") {
			dictionaries++
		}
	}
	if dictionaries != 2 {
		t.Errorf("got %d requests for a dictionary, want 2", dictionaries)
	}
}

// retiring serves a dictionary first that the instance does not know.
type retiring struct {
	spy
	served *atomic.Int64
}

func (r retiring) RoundTrip(request *http.Request) (*http.Response, error) {
	first := strings.Contains(request.URL.Path, "getZstdDictionary") && r.served.Add(1) == 1
	answer, err := r.spy.RoundTrip(request)
	if !first || err != nil {
		return answer, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	binary.LittleEndian.PutUint32(body[4:8], 4711)
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

func TestCursorIsNone(t *testing.T) {
	t.Parallel()
	client := source(t, configFor(serve(t)))
	for _, cursor := range []string{"7", "v1:", "v1:x", "v1:-1", "v1:1:2", "v2:", "v2:1:2", "v2:1:x:host", "v3:1:2:host", "v2:0"} {
		_, _, err := client.Next(t.Context(), cursor)
		if !ingest.IsFatal(err) || !strings.Contains(err.Error(), "want v1:<microseconds>") {
			t.Errorf("%s: got %v, want a fatal error that says what is allowed", cursor, err)
		}
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*bluesky.Config){
		"source is empty":        func(c *bluesky.Config) { c.Source = "" },
		"both empty":             func(c *bluesky.Config) { c.V1, c.V2 = nil, nil },
		`instance "https://x"`:   func(c *bluesky.Config) { c.V2 = []string{"https://x"} },
		`instance "ws://x/path"`: func(c *bluesky.Config) { c.V1 = []string{"ws://x/path"} },
		"tickers is missing":     func(c *bluesky.Config) { c.Tickers = nil },
		"max_age is 0s":          func(c *bluesky.Config) { c.MaxAge = 0 },
		"rewind is -1ns":         func(c *bluesky.Config) { c.Rewind = -1 },
		"silence is 0s":          func(c *bluesky.Config) { c.Silence = 0 },
		"progress is 0s":         func(c *bluesky.Config) { c.Progress = 0 },
	} {
		cfg := bluesky.DefaultConfig()
		cfg.Tickers = ingest.Fixed{"AAPL"}
		change(&cfg)
		if _, err := bluesky.New(cfg); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "want") {
			t.Errorf("got %v, want an error with %q and what is allowed", err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	server := serve(t)
	publish(t, server, written(1, "$AAPL", "AAPL"))
	cfg := configFor(server)
	said, err := bluesky.Check(t.Context(), cfg)
	if err != nil || !strings.HasPrefix(said, "bluesky "+server.URL()+": jetstream v2, compressed true, first frame after ") {
		t.Errorf("got %q, %v, want what answered", said, err)
	}
	silent, gone, refusing := serve(t), serve(t), serve(t)
	gone.Close()
	refusing.Refuse(100, http.StatusForbidden, 0)
	for want, change := range map[string]func(*bluesky.Config){
		"nothing arrived for 30ms: the instance is idle or stuck": func(c *bluesky.Config) { c.V2, c.Silence = []string{silent.URL()}, 30*time.Millisecond },
		"connection refused: check the address":                   func(c *bluesky.Config) { c.V2, c.V1 = []string{gone.URL()}, nil },
		"answered 403":                                            func(c *bluesky.Config) { c.V2, c.V1 = []string{refusing.URL()}, nil },
		"this machine's DNS":                                      func(c *bluesky.Config) { c.V2, c.V1 = []string{"ws://nowhere.invalid"}, nil },
	} {
		cfg := configFor(server)
		change(&cfg)
		said, err := bluesky.Check(t.Context(), cfg)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %q, %v, want one line with %q", said, err, want)
		}
	}
}

// TestUnreachable says in a short line that nobody answers, and nothing of what a
// connection that is not there would be like.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	log := &logbook{}
	cfg := bluesky.DefaultConfig()
	cfg.Tickers, cfg.Logger, cfg.Compress = ingest.Fixed([]string{"AAPL"}), log.logger(), true
	cfg.V2, cfg.V1 = []string{"ws://127.0.0.1:1", "ws://127.0.0.1:2"}, []string{"ws://127.0.0.1:3"}
	_, _, err := source(t, cfg).Next(t.Context(), "")
	if err == nil {
		t.Fatal("got no error, want one")
	}
	text := err.Error()
	if !strings.HasPrefix(text, "connect to bluesky: none of 3 instances takes us: ws://127.0.0.1:1: ") || !strings.Contains(text, "connection refused") {
		t.Errorf("got %q, want how many instances, the first of them and why", text)
	}
	if strings.Contains(text, "127.0.0.1:2") || strings.Contains(text, "subscribeEvents") {
		t.Errorf("got %q, want the first instance alone, without its whole address", text)
	}
	if log.count("read uncompressed") != 0 {
		t.Errorf("got log\n%s\nwant nothing about compression", log.buf.String())
	}
}
