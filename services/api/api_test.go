package api_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"cashtag/services/api"
)

// reporter says what it is told to say.
type reporter struct {
	status api.Status
	sick   error
}

func (r *reporter) Status(context.Context) (api.Status, error) { return r.status, r.sick }
func (r *reporter) Healthy(context.Context) error              { return r.sick }

func serve(t *testing.T, r api.Reporter) string {
	t.Helper()
	server, err := api.Listen(t.Context(), "127.0.0.1:0", r, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return "http://" + server.Addr()
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestWell(t *testing.T) {
	t.Parallel()
	url := serve(t, &reporter{status: api.Status{
		Streams:   []api.Stream{{Name: "TWEETS", Messages: 7, Bytes: 700}},
		Consumers: []api.Consumer{{Service: "mongo", Stream: "TWEETS", Stored: 5, Pending: 2, LagS: 1.5, On: true}},
		Sources:   []api.Source{{Name: "bluesky", State: "connected", Seen: 9, Reconnects: 2, AgeS: 0.5}},
	}})
	for _, test := range []struct{ path, want string }{
		{"/healthz", "ok"},
		{"/status", `"stored":5,"pending":2`},
		{"/status", `"name":"bluesky","state":"connected"`},
		{"/metrics", `cashtag_source_connected{source="bluesky"} 1`},
		{"/metrics", `cashtag_source_seen_total{source="bluesky"} 9`},
		{"/metrics", `cashtag_source_event_age_seconds{source="bluesky"} 0.5`},
		{"/metrics", `cashtag_stream_messages{stream="TWEETS"} 7`},
		{"/metrics", `cashtag_consumer_lag_seconds{service="mongo",stream="TWEETS"} 1.5`},
		{"/metrics", `cashtag_consumer_on{service="mongo",stream="TWEETS"} 1`},
	} {
		if code, body := get(t, url+test.path); code != http.StatusOK || !strings.Contains(body, test.want) {
			t.Errorf("GET %s: got %d %q, want 200 and %q in it", test.path, code, body, test.want)
		}
	}
}

func TestSick(t *testing.T) {
	t.Parallel()
	url := serve(t, &reporter{sick: errors.New("service mongo ended")})
	for _, path := range []string{"/healthz", "/status"} {
		code, body := get(t, url+path)
		if code != http.StatusServiceUnavailable || !strings.Contains(body, "service mongo ended") {
			t.Errorf("GET %s: got %d %q, want 503 and the reason", path, code, body)
		}
	}
}

func TestBusyPort(t *testing.T) {
	t.Parallel()
	url := serve(t, &reporter{})
	addr := strings.TrimPrefix(url, "http://")
	_, err := api.Listen(t.Context(), addr, &reporter{}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("got %v, want an error that names %s", err, addr)
	}
}
