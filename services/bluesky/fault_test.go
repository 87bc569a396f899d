package bluesky_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/blueskyd"
	"cashtag/schemas"
	"cashtag/services/bluesky"
	"cashtag/streams/ingest"
)

// TestFaults scripts what an instance does on a bad day: after each fault every
// post comes, and repetitions carry the same bytes.
func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault func(*blueskyd.Server)
		fails string // what the source says, empty where it need not
	}{
		{"cut", (*blueskyd.Server).Cut, "eof"},
		{"dropped as too slow", (*blueskyd.Server).TooSlow, "slow"},
		{"unavailable", func(s *blueskyd.Server) { s.Refuse(2, http.StatusServiceUnavailable, 0); s.Cut() }, "503"},
		{"split frames", func(s *blueskyd.Server) { s.Split(5); s.Cut() }, "eof"},
		{"another archive", (*blueskyd.Server).Renew, "eof"},
		{"repeats after a reconnect", func(s *blueskyd.Server) { s.Repeat(100); s.Cut() }, "eof"},
		{"malformed", func(s *blueskyd.Server) { s.Raw([]byte(`{"$AAPL"`)); s.Raw([]byte(`{"did":$AAPL}`)) }, ""},
		{"too large, plain", func(s *blueskyd.Server) { s.Raw([]byte(strings.Repeat("$AAPL", bluesky.MaxFrame))) }, ""},
		{"too large", func(s *blueskyd.Server) { s.Raw([]byte(strings.Repeat("$AAPL", bluesky.MaxFrame))) }, ""},
	}
	for _, test := range tests {
		for _, version := range []bluesky.Version{bluesky.V1, bluesky.V2} {
			t.Run(test.name+map[bluesky.Version]string{bluesky.V1: " v1", bluesky.V2: " v2"}[version], func(t *testing.T) {
				t.Parallel()
				server, tally, log := serve(t), &counted{}, &logbook{}
				cfg := configFor(server)
				cfg.Tally, cfg.Logger = tally, log.logger()
				if version == bluesky.V1 {
					cfg.V2 = nil
				} else {
					cfg.V1 = nil
				}
				cfg.Compress = test.name != "too large, plain"
				client := source(t, cfg)
				first, second := written(1, "first $AAPL", "AAPL"), written(20, "second $AMD", "AMD")
				publish(t, server, first)
				noise(t, server, 10)
				got, cursor, _ := read(t, client, "", 1)
				test.fault(server)
				noise(t, server, 10)
				publish(t, server, second)
				more, _, failures := read(t, client, cursor, 1)
				for !slices.ContainsFunc(more, func(e schemas.Event) bool { return e.ID == second.ID }) {
					again, next, errs := read(t, client, cursor, 1)
					more, cursor, failures = append(more, again...), next, append(failures, errs...)
				}
				for _, event := range slices.Concat(got, more) {
					want := encode(t, first)
					if event.ID == second.ID {
						want = encode(t, second)
					}
					if g := encode(t, event); g != want {
						t.Errorf("got\n%s\nwant\n%s", g, want)
					}
				}
				said := func(err error) bool { return strings.Contains(strings.ToLower(err.Error()), test.fails) }
				if (test.fails != "") != slices.ContainsFunc(failures, said) {
					t.Errorf("got failures %v, want one with %q", failures, test.fails)
				}
				wantMalformed, wantLogged := 0, 0
				switch test.name {
				case "malformed":
					wantMalformed, wantLogged = 2, 1
				case "too large", "too large, plain":
					wantMalformed, wantLogged = 1, 1
				}
				if n := tally.of(ingest.Malformed); n != wantMalformed || log.count("malformed frame") != wantLogged {
					t.Errorf("got %d malformed, logged %d times, want %d and %d", n, log.count("malformed frame"), wantMalformed, wantLogged)
				}
			})
		}
	}
}

// TestSilence gives a connection up on which nothing arrives.
func TestSilence(t *testing.T) {
	t.Parallel()
	server := serve(t)
	server.Silence(true)
	publish(t, server, written(1, "$AAPL", "AAPL"))
	cfg := configFor(server)
	cfg.Silence = 20 * time.Millisecond
	client := source(t, cfg)
	_, _, err := client.Next(t.Context(), "")
	if err == nil || !strings.Contains(err.Error(), "nothing arrived for 20ms") {
		t.Fatalf("got %v, want nothing arrived", err)
	}
	server.Silence(false)
	read(t, client, "", 1)
}

// TestTooOld goes on from the oldest that there is, and says what is missing.
func TestTooOld(t *testing.T) {
	t.Parallel()
	for _, version := range []bluesky.Version{bluesky.V1, bluesky.V2} {
		server, log := serve(t), &logbook{}
		cfg := configFor(server)
		cfg.Logger = log.logger()
		if version == bluesky.V1 {
			cfg.V2 = nil
		} else {
			cfg.V1 = nil
		}
		client := source(t, cfg)
		publish(t, server, written(0, "$AAPL", "AAPL"))
		_, cursor, _ := read(t, client, "", 1)
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
		publish(t, server, written(1, "lost $AAPL", "AAPL"))
		server.Forget()
		want := written(3600, "found $AAPL", "AAPL")
		publish(t, server, want)
		got, _, failures := read(t, client, cursor, 1)
		same(t, got, []schemas.Event{want})
		if len(failures) != 0 {
			t.Errorf("v%d: got failures %v, want none", version, failures)
		}
		if log.count("no longer holds") != 1 || log.count("from=2026-03-18T14:00:00.123Z") != 1 || log.count("to=2026-03-18T15:00:00.123Z") != 1 {
			t.Errorf("v%d: got log\n%s\nwant the gap once", version, log.buf.String())
		}
	}
}

// TestAnotherArchive resumes by time where the instance does not know the sequence
// number, and where another instance answers.
func TestAnotherArchive(t *testing.T) {
	t.Parallel()
	old, next := serve(t), serve(t)
	cfg := configFor(old)
	cfg.V2, cfg.V1 = []string{old.URL(), next.URL()}, nil
	client := source(t, cfg)
	noise(t, old, 200)
	publish(t, old, written(1, "$AAPL", "AAPL"))
	_, cursor, _ := read(t, client, "", 1)
	publish(t, next, written(1, "$AAPL", "AAPL"), written(2, "only here: $AMD", "AMD"))
	old.Close()
	got, moved, failures := read(t, client, cursor, 2)
	same(t, got, []schemas.Event{written(1, "$AAPL", "AAPL"), written(2, "only here: $AMD", "AMD")})
	if len(failures) == 0 || !strings.HasSuffix(moved, strings.TrimPrefix(next.URL(), "ws://")) {
		t.Errorf("got cursor %s and failures %v, want the other instance after a failure", moved, failures)
	}
	// The same name, but a smaller archive behind it.
	ahead := "v2:999999:" + strings.Split(moved, ":")[2] + ":" + strings.TrimPrefix(next.URL(), "ws://")
	again, moved, failures := read(t, source(t, cfg), ahead, 2)
	same(t, again, got)
	if len(failures) != 0 || !strings.HasPrefix(moved, "v2:2:") {
		t.Errorf("got cursor %s and failures %v, want v2:2 and none", moved, failures)
	}
}

// TestInclusive passes the frame over that was taken, and only that.
func TestInclusive(t *testing.T) {
	t.Parallel()
	server := serve(t)
	publish(t, server, written(1, "$AAPL", "AAPL"), written(2, "$AMD", "AMD"))
	cursor := "v2:1:1773842401123457:" + strings.TrimPrefix(server.URL(), "ws://")
	got, _, _ := read(t, source(t, configFor(server)), cursor, 1)
	same(t, got, []schemas.Event{written(2, "$AMD", "AMD")})
}

// TestProgress moves the place though nothing was found.
func TestProgress(t *testing.T) {
	t.Parallel()
	server := serve(t)
	publish(t, server, written(1, "not followed: $ZZZ", "ZZZ"))
	noise(t, server, 33)
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	client, cursor := source(t, configFor(server)), ""
	for !strings.HasPrefix(cursor, "v2:34:") {
		events, next, err := client.Next(ctx, cursor)
		if err != nil || len(events) != 0 {
			t.Fatalf("got %v, %v at %s, want the place 34 and no events", events, err, cursor)
		}
		cursor = next
	}
}

// TestSilentInstance goes to another where one connects and says nothing.
func TestSilentInstance(t *testing.T) {
	t.Parallel()
	silent, talking := serve(t), serve(t)
	publish(t, talking, written(1, "$AAPL", "AAPL"))
	cfg := configFor(silent)
	cfg.V2, cfg.V1 = []string{silent.URL(), talking.URL()}, nil
	cfg.Silence = 100 * time.Millisecond
	if _, _, failures := read(t, source(t, cfg), "", 1); len(failures) != 1 {
		t.Errorf("got failures %v, want the silence of the first", failures)
	}
}

// reached tells when the reader asked about a post.
type reached struct{ asked chan struct{} }

func (r reached) Has(string) bool {
	close(r.asked)
	return false
}

// TestBackpressure stops reading while too many events wait to be taken.
func TestBackpressure(t *testing.T) {
	t.Parallel()
	const posts, pending = 3000, 512
	server := serve(t)
	for n := range posts {
		publish(t, server, written(n, "$AAPL", "AAPL"))
	}
	if err := server.Delete("did:plc:x/3last", time.Time{}); err != nil {
		t.Fatal(err)
	}
	cfg, known := configFor(server), reached{make(chan struct{})}
	cfg.Known, cfg.Deleted = known, deletedEvent
	client := source(t, cfg)
	got, cursor, _ := read(t, client, "", 1)
	select {
	case <-known.asked:
		t.Fatalf("got all %d frames read with %d taken, want a pause at %d", posts, len(got), pending)
	case <-time.After(100 * time.Millisecond):
	}
	for len(got) < posts {
		events, next, err := client.Next(t.Context(), cursor)
		if err != nil || len(events) > pending {
			t.Fatalf("got %d events at once and %v, want %d at most", len(events), err, pending)
		}
		got, cursor = append(got, events...), next
	}
	<-known.asked
}
