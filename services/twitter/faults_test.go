package twitter_test

import (
	"errors"
	"testing"
	"time"

	"cashtag/embedded/xd"
	"cashtag/embedded/xd/xdtest"
	"cashtag/schemas"
	"cashtag/services/twitter"
	"cashtag/streams/ingest"
	"cashtag/streams/ingest/sourcetest"
)

// posts are the numbered ones from..to-1, about AAPL and MSFT in turn.
func posts(from, to int) []schemas.Event {
	events := make([]schemas.Event, 0, to-from)
	for i := from; i < to; i++ {
		events = append(events, numbered(i, []string{"AAPL", "MSFT"}[i%2]))
	}
	return events
}

var followed = ingest.Fixed{"AAPL", "MSFT"}

func publish(t *testing.T, server *xd.Server, events ...schemas.Event) {
	t.Helper()
	if err := server.Publish(events...); err != nil {
		t.Fatal(err)
	}
}

// connect steps until the stream is open.
func (e *engine) connect(t *testing.T, server *xd.Server) {
	t.Helper()
	if err := e.until(t.Context(), func() bool { return server.Connections() == 1 }); err != nil {
		t.Fatal(err)
	}
}

// left waits until the stand-in has noticed that nobody is connected.
func left(t *testing.T, server *xd.Server) {
	t.Helper()
	deadline := time.After(patience)
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for server.Connections() > 0 {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatal("the stream is still open")
		}
	}
}

// has steps until the engine has n events.
func (e *engine) has(t *testing.T, n int) {
	t.Helper()
	if err := e.until(t.Context(), func() bool { return len(e.events) >= n }); err != nil {
		t.Fatalf("got %v with %d of %d posts", err, len(e.events), n)
	}
}

// TestEveryFault lets the vendor fail in each way while posts come, and expects
// each post once and what the failure was.
func TestEveryFault(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		faults []xd.Fault
		want   error // one that Next returned on the way
	}{
		"rate limit":             {[]xd.Fault{{Kind: xd.RateLimited, Wait: time.Millisecond}}, &twitter.StatusError{Status: 429}},
		"unavailable":            {[]xd.Fault{{Kind: xd.Unavailable}, {Kind: xd.Unavailable}}, &twitter.StatusError{Status: 503}},
		"no rules":               {[]xd.Fault{{Kind: xd.NoRules}}, &twitter.StatusError{Status: 409}},
		"rules unavailable":      {[]xd.Fault{{On: xd.OnRules, Kind: xd.Unavailable}}, &twitter.StatusError{Status: 503}},
		"search unavailable":     {[]xd.Fault{{On: xd.OnSearch, Kind: xd.Unavailable}, {On: xd.OnSearch, Kind: xd.RateLimited}}, nil},
		"operational disconnect": {[]xd.Fault{{Kind: xd.Disconnect, After: 3}}, &twitter.StreamError{Title: "operational-disconnect"}},
		"too many connections":   {[]xd.Fault{{Kind: xd.TooMany}}, &twitter.StreamError{Title: "ConnectionException"}},
		"missed keep-alive":      {[]xd.Fault{{Kind: xd.Silent, After: 2}}, twitter.ErrSilent},
		"cut":                    {[]xd.Fault{{Kind: xd.Cut, After: 5}, {Kind: xd.Cut}}, nil},
		"malformed":              {[]xd.Fault{{Kind: xd.Malformed, After: 5}}, nil},
		"repeated":               {[]xd.Fault{{Kind: xd.Repeat}}, nil},
		"split":                  {[]xd.Fault{{Kind: xd.Split, Count: 7}}, nil},
		"joined":                 {[]xd.Fault{{Kind: xd.Joined, Count: 10}}, nil},
		"slow":                   {[]xd.Fault{{Kind: xd.Slow, Wait: time.Millisecond}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := xdtest.Start(t, func(c *xd.Config) { c.KeepAlive = 20 * time.Millisecond })
			config := hasty(server)
			config.Silence = 200 * time.Millisecond
			tally := sourcetest.NewTally()
			e := newEngine(t, config, followed, tally)
			e.connect(t, server)
			publish(t, server, posts(0, 10)...)
			e.has(t, 10)
			server.Inject(test.faults...)
			server.Cut()
			publish(t, server, posts(10, 20)...) // some are lost on the way
			e.has(t, 20)
			for n := 20; server.Faults() > 0 || n < 60; n += 10 {
				e.connect(t, server)
				publish(t, server, posts(n, n+10)...)
				e.has(t, n+10)
			}
			checkOnce(t, e)
			checkReason(t, e.errs, test.want)
			if got, want := tally.Sum(ingest.Malformed), map[bool]int{true: 1}[name == "malformed"]; got != want {
				t.Errorf("tally: got %d malformed, want %d", got, want)
			}
		})
	}
}

// checkOnce compares with the numbered posts, as many as there are.
func checkOnce(t *testing.T, e *engine) {
	t.Helper()
	got, want := encoded(t, e.events), encoded(t, posts(0, len(e.events)))
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("post %d:\n got %s\nwant %s", i, got[i], want[i])
		}
	}
}

// checkReason looks for an error of the same kind.
func checkReason(t *testing.T, errs []error, want error) {
	t.Helper()
	if want == nil {
		return
	}
	wantStatus, _ := errors.AsType[*twitter.StatusError](want)
	wantStream, _ := errors.AsType[*twitter.StreamError](want)
	for _, err := range errs {
		status, isStatus := errors.AsType[*twitter.StatusError](err)
		inStream, isStream := errors.AsType[*twitter.StreamError](err)
		switch {
		case wantStatus != nil:
			if isStatus && status.Status == wantStatus.Status {
				return
			}
		case wantStream != nil:
			if isStream && inStream.Title == wantStream.Title {
				return
			}
		case errors.Is(err, want):
			return
		}
	}
	t.Errorf("got %v on the way, want %v", errs, want)
}

func TestAuthFailureIsFatal(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	server.Inject(xd.Fault{Kind: xd.Unauthorized})
	e := newEngine(t, hasty(server), followed, ingest.Uncounted{})
	err := e.until(t.Context(), func() bool { return false })
	if !ingest.IsFatal(err) {
		t.Errorf("got %v, want it fatal", err)
	}
}

// TestKeepAliveIsNoSilence keeps a stream that says nothing else.
func TestKeepAliveIsNoSilence(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t, func(c *xd.Config) { c.KeepAlive = 10 * time.Millisecond })
	config := hasty(server)
	config.Silence = 150 * time.Millisecond
	e := newEngine(t, config, followed, ingest.Uncounted{})
	e.connect(t, server)
	time.AfterFunc(4*config.Silence, func() { _ = server.Publish(posts(0, 1)...) })
	e.has(t, 1)
	if got := server.Connects(); got != 1 || len(e.errs) > 0 {
		t.Errorf("got %d connections and %v, want one that lasts", got, e.errs)
	}
}
