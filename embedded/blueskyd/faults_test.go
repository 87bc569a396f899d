package blueskyd_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/blueskyd"
)

func TestRefuse(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.Refuse(2, http.StatusServiceUnavailable, 1500*time.Millisecond)
	for n, want := range []string{"2", "2", ""} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http"+strings.TrimPrefix(s.URL(), "ws")+pathV2, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if got := answer.Header.Get("Retry-After"); got != want || (answer.StatusCode == http.StatusServiceUnavailable) != (want != "") {
			t.Errorf("connect %d: got %d and Retry-After %q, want %q", n, answer.StatusCode, got, want)
		}
	}
	if got := s.Struck(blueskyd.Refused); got != 2 {
		t.Errorf("struck %d times, want twice", got)
	}
}

// TestSplit sends the same frames in pieces.
func TestSplit(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	publish(t, s, post(0, "$A", "A"), post(1, "$A", "A"))
	whole := listen(t, s.URL()+pathV2+"?cursor=1", 2)
	s.Split(7)
	if pieces := listen(t, s.URL()+pathV2+"?cursor=1", 2); !slices.Equal(pieces, whole) {
		t.Errorf("got %q, want %q", pieces, whole)
	}
	if got := s.Struck(blueskyd.Fragmented); got != 2 {
		t.Errorf("struck %d times, want twice", got)
	}
}

// TestRenew begins another archive, which the cursors of the old one lie ahead of.
func TestRenew(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	publish(t, s, post(0, "$A", "A"), post(1, "$A", "A"))
	s.Renew()
	publish(t, s, post(2, "$A", "A"))
	if got := listen(t, s.URL()+pathV2+"?cursor=1", 1)[0]; !strings.Contains(got, `"seq":1,`) || !strings.Contains(got, "3kc") {
		t.Errorf("got %s, want the third post as the first", got)
	}
	if got := listen(t, s.URL()+pathV2+"?cursor=3", 1)[0]; !strings.Contains(got, "FutureCursor") {
		t.Errorf("got %s, want FutureCursor", got)
	}
	if got := s.Struck(blueskyd.Future); got != 1 {
		t.Errorf("struck %d times, want once", got)
	}
}
