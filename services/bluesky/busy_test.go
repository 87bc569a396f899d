package bluesky_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/blueskyd"
	"cashtag/streams/ingest"
)

// TestBusy leaves a server alone for as long as it asks for, and no longer than is
// sensible.
func TestBusy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status   int
		said     string
		min, max time.Duration // 0: the engine's own pause
	}{
		"429, seconds":             {http.StatusTooManyRequests, "7", 2 * time.Second, 7 * time.Second},
		"503, seconds":             {http.StatusServiceUnavailable, "120", time.Minute, 2 * time.Minute},
		"503, a time":              {http.StatusServiceUnavailable, time.Now().Add(4 * time.Minute).UTC().Format(http.TimeFormat), 2 * time.Minute, 4 * time.Minute},
		"503, a day":               {http.StatusServiceUnavailable, "86400", 4 * time.Minute, 5 * time.Minute},
		"503, a time that is past": {http.StatusServiceUnavailable, "Wed, 18 Mar 2026 14:00:00 GMT", 0, 0},
		"503, nothing":             {http.StatusServiceUnavailable, "", 0, 0},
		"503, no number":           {http.StatusServiceUnavailable, "soon", 0, 0},
		"500, seconds":             {http.StatusInternalServerError, "7", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "Dictionary") {
					http.NotFound(w, r)
					return
				}
				asked++
				w.Header().Set("Retry-After", test.said)
				http.Error(w, "busy", test.status)
			}))
			defer server.Close()
			cfg := configFor(serve(t))
			cfg.V2, cfg.V1 = []string{"ws" + strings.TrimPrefix(server.URL, "http")}, nil
			client := source(t, cfg)
			_, _, err := client.Next(t.Context(), "")
			retry, told := errors.AsType[*ingest.Retry](err)
			if err == nil || told != (test.max > 0) || told && (retry.After < test.min || retry.After > test.max) {
				t.Errorf("got %v, want a pause of %s to %s", err, test.min, test.max)
			}
			if _, _, err := client.Next(t.Context(), ""); err == nil {
				t.Error("got no error from a busy server")
			}
			if want := map[bool]int{true: 1, false: 2}[told]; asked != want {
				t.Errorf("asked %d times in two calls, want %d", asked, want)
			}
		})
	}
}

// TestBusyInstance reads another instance while one rests, and that one again once
// the time is over.
func TestBusyInstance(t *testing.T) {
	t.Parallel()
	busy, other := serve(t), serve(t)
	for _, server := range []*blueskyd.Server{busy, other} {
		publish(t, server, written(1, "$AAPL", "AAPL"))
	}
	cfg := configFor(busy)
	cfg.V2, cfg.V1 = []string{busy.URL(), other.URL()}, nil
	busy.Refuse(1, http.StatusServiceUnavailable, time.Second)
	client := source(t, cfg)
	_, cursor, failures := read(t, client, "", 1)
	if len(failures) != 0 || !strings.HasSuffix(cursor, strings.TrimPrefix(other.URL(), "ws://")) {
		t.Errorf("got cursor %s and failures %v, want the other instance at once", cursor, failures)
	}
	other.Close()
	began, pause := time.Now(), time.NewTicker(10*time.Millisecond)
	defer pause.Stop()
	for ; ; <-pause.C {
		_, next, err := client.Next(t.Context(), cursor)
		if err == nil {
			cursor = next
		}
		if strings.HasSuffix(cursor, strings.TrimPrefix(busy.URL(), "ws://")) {
			break
		}
		if time.Since(began) > within {
			t.Fatalf("got cursor %s and %v, want the first instance again", cursor, err)
		}
	}
	if busy.Struck(blueskyd.Refused) != 1 {
		t.Errorf("asked the resting instance %d times", busy.Struck(blueskyd.Refused))
	}
}
