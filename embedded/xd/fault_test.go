package xd_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/xd"
	"cashtag/embedded/xd/xdtest"
	"cashtag/schemas"
)

func TestAnsweredFaults(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	for _, test := range []struct {
		fault  xd.Fault
		path   string
		status int
	}{
		{xd.Fault{Kind: xd.Unauthorized}, streamPath, 401},
		{xd.Fault{Kind: xd.NoRules}, streamPath, 409},
		{xd.Fault{Kind: xd.RateLimited, Wait: time.Minute}, streamPath, 429},
		{xd.Fault{Kind: xd.Unavailable}, streamPath, 503},
		{xd.Fault{On: xd.OnRules, Kind: xd.Unavailable}, rulesPath, 503},
		{xd.Fault{On: xd.OnSearch, Kind: xd.RateLimited, Wait: time.Minute}, searchPath, 429},
	} {
		server.Inject(test.fault)
		response := open(t.Context(), t, server, http.MethodGet, test.path, "") //nolint:bodyclose // open closes it when the test ends
		if response.StatusCode != test.status {
			t.Errorf("%s on %s: got %d, want %d", test.fault.Kind, test.path, response.StatusCode, test.status)
		}
		on := test.fault.On
		if on == "" {
			on = xd.OnStream
		}
		if got := server.Struck(on, test.fault.Kind); got != 1 {
			t.Errorf("%s on %s: struck %d times, want once", test.fault.Kind, test.path, got)
		}
		if test.status != http.StatusTooManyRequests {
			continue
		}
		reset, err := strconv.ParseInt(response.Header.Get("X-Rate-Limit-Reset"), 10, 64)
		if wait := time.Until(time.Unix(reset, 0)); err != nil || wait < 55*time.Second || wait > 65*time.Second {
			t.Errorf("got reset in %s (%v), want a minute", wait, err)
		}
	}
	if got := server.Faults(); got != 0 {
		t.Errorf("got %d faults left, want all taken", got)
	}
}

// TestFaultsOfStreams injects each before a connection and publishes four posts.
func TestFaultsOfStreams(t *testing.T) {
	t.Parallel()
	const disconnected = `{"errors":[{"detail":"This stream has been disconnected upstream for operational reasons.","disconnect_type":"UpstreamOperationalDisconnect","title":"operational-disconnect","type":"https://api.x.com/2/problems/operational-disconnect"}]}` + "\r\n"
	for name, test := range map[string]struct {
		fault xd.Fault
		check func(t *testing.T, c *client)
	}{
		"disconnect": {xd.Fault{Kind: xd.Disconnect, After: 2}, func(_ *testing.T, c *client) { has(c, 0, 1); c.ends(disconnected) }},
		"too many": {xd.Fault{Kind: xd.TooMany}, func(t *testing.T, c *client) {
			t.Helper()
			if got := c.line(); !strings.Contains(got, `"connection_issue":"TooManyConnections"`) {
				t.Errorf("got %s, want ConnectionException", got)
			}
			c.ends("")
		}},
		"cut": {xd.Fault{Kind: xd.Cut, After: 1}, func(t *testing.T, c *client) {
			t.Helper()
			has(c, 0)
			rest, err := io.ReadAll(c.lines)
			if err == nil || len(rest) == 0 || strings.Contains(string(rest), "\n") {
				t.Errorf("got %q and %v, want half a line and a broken connection", rest, err)
			}
		}},
		"malformed": {xd.Fault{Kind: xd.Malformed, After: 1}, func(t *testing.T, c *client) {
			t.Helper()
			has(c, 0)
			if got := c.line(); strings.Contains(got, "}") {
				t.Errorf("got %q, want no JSON", got)
			}
			has(c, 1, 2, 3)
		}},
		"repeat": {xd.Fault{Kind: xd.Repeat, Count: 2}, func(_ *testing.T, c *client) { has(c, -2, -1, 0, 1, 2, 3) }},
		"split":  {xd.Fault{Kind: xd.Split, Count: 5}, func(_ *testing.T, c *client) { has(c, 0, 1, 2, 3) }},
		"joined": {xd.Fault{Kind: xd.Joined, Count: 3}, func(_ *testing.T, c *client) { has(c, 0, 1, 2, 3) }},
		"slow":   {xd.Fault{Kind: xd.Slow, Wait: time.Millisecond}, func(_ *testing.T, c *client) { has(c, 0, 1, 2, 3) }},
		"silent": {xd.Fault{Kind: xd.Silent, After: 1}, func(t *testing.T, c *client) {
			t.Helper()
			has(c, 0)
			time.AfterFunc(100*time.Millisecond, c.leave)
			if line, err := c.lines.ReadString('\n'); err == nil || line != "" {
				t.Errorf("got %q, want not even a keep-alive", line)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := xdtest.Start(t, func(c *xd.Config) { c.KeepAlive = time.Hour })
			if test.fault.Kind == xd.Silent {
				server.Close()
				server = xdtest.Start(t, func(c *xd.Config) { c.KeepAlive = 5 * time.Millisecond })
			}
			publish(t, server, post(8, "number -2", "en", "AAPL"), post(9, "number -1", "en", "AAPL"))
			server.Inject(test.fault)
			c := connect(t, server, "$AAPL", "")
			for i := range 4 {
				publish(t, server, post(10+i, "number "+strconv.Itoa(i), "en", "AAPL"))
			}
			test.check(t, c)
			if got := server.Struck(xd.OnStream, test.fault.Kind); got != 1 {
				t.Errorf("struck %d times, want once", got)
			}
		})
	}
}

// TestOverflow ends a stream whose client does not keep up.
func TestOverflow(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t, func(c *xd.Config) { c.KeepAlive = time.Hour })
	server.Inject(xd.Fault{Kind: xd.Overflow, Count: 3})
	c := connect(t, server, "$AAPL", "")
	many := make([]schemas.Event, 2000)
	for i := range many {
		many[i] = post(10+i, "number "+strconv.Itoa(i), "en", "AAPL")
	}
	publish(t, server, many...)
	rest, err := io.ReadAll(c.lines)
	if err != nil || !strings.Contains(string(rest), "The client reads too slowly.") || strings.Contains(string(rest), "number 1999") {
		t.Errorf("got %d bytes and %v, want a few posts and what the client did wrong", len(rest), err)
	}
	if got := server.Struck(xd.OnStream, xd.Overflow); got != 1 {
		t.Errorf("struck %d times, want once", got)
	}
}

// has expects the numbered posts next, whatever keep-alives there are.
func has(c *client, numbers ...int) {
	c.t.Helper()
	for _, number := range numbers {
		line := "\r\n"
		for line == "\r\n" {
			line = c.line()
		}
		if want := `"number ` + strconv.Itoa(number) + `"`; !strings.Contains(line, want) {
			c.t.Errorf("got %q, want %s", line, want)
		}
	}
}

func TestKeepAliveAndCut(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t, func(c *xd.Config) { c.KeepAlive = 5 * time.Millisecond })
	c := connect(t, server, "$AAPL", "")
	for range 3 {
		if got := c.line(); got != "\r\n" {
			t.Errorf("got %q, want a keep-alive", got)
		}
	}
	if err := server.Await(t.Context()); err != nil {
		t.Error(err)
	}
	server.Cut()
	if got := server.Connections(); got != 0 {
		t.Errorf("got %d connections after a cut, want none", got)
	}
	if _, err := io.ReadAll(c.lines); err == nil {
		t.Error("got an orderly end, want a broken connection")
	}
	reconnect(t, server, "")
	if got := server.Connects(); got != 2 {
		t.Errorf("got %d connects, want 2", got)
	}
}
