package natsd_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// connection tells a connect method of the server and its error apart.
func connection(tb testing.TB, nc *nats.Conn, err error) *nats.Conn {
	tb.Helper()
	if err != nil {
		tb.Fatalf("connect: %v", err)
	}
	tb.Cleanup(nc.Close)
	return nc
}

func newJetStream(tb testing.TB, nc *nats.Conn) jetstream.JetStream {
	tb.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		tb.Fatalf("jetstream: %v", err)
	}
	return js
}

func createStream(tb testing.TB, js jetstream.JetStream, name string) jetstream.Stream {
	tb.Helper()
	s, err := js.CreateStream(tb.Context(), jetstream.StreamConfig{
		Name: name, Subjects: []string{strings.ToLower(name) + ".>"}, MaxBytes: 1 << 20,
	})
	if err != nil {
		tb.Fatalf("create stream %s: %v", name, err)
	}
	return s
}

func TestStreamsAreStoredAndSurviveRestart(t *testing.T) {
	dir := t.TempDir()
	inDir := func(c *natsd.Config) { c.Dir = dir }

	first := natsdtest.Start(t, inDir)
	nc, err := first.Connect()
	js := newJetStream(t, connection(t, nc, err))
	createStream(t, js, "TWEETS")
	for i := range 3 {
		if _, err := js.Publish(t.Context(), "tweets.x.AAPL", []byte(strconv.Itoa(i))); err != nil {
			t.Fatalf("publish %d: %v", i, err)
		}
	}
	nc.Close()
	first.Close()
	first.Close()

	second := natsdtest.Start(t, inDir)
	nc, err = second.Connect()
	js = newJetStream(t, connection(t, nc, err))
	s, err := js.Stream(t.Context(), "TWEETS")
	if err != nil {
		t.Fatalf("stream after restart: %v", err)
	}
	if got, want := s.CachedInfo().State.Msgs, uint64(3); got != want {
		t.Errorf("messages after restart: got %d, want %d", got, want)
	}
	msg, err := s.GetMsg(t.Context(), 2)
	if err != nil {
		t.Fatalf("message 2: %v", err)
	}
	if got, want := string(msg.Data), "1"; got != want {
		t.Errorf("message 2: got %q, want %q", got, want)
	}
}

func TestClientWithoutCredentials(t *testing.T) {
	s := natsdtest.Start(t)
	nc, err := nats.Connect(s.ClientURL())
	js := newJetStream(t, connection(t, nc, err))
	createStream(t, js, "TWEETS")

	inProcess, err := s.Connect()
	names := newJetStream(t, connection(t, inProcess, err)).StreamNames(t.Context())
	var got []string
	for name := range names.Name() {
		got = append(got, name)
	}
	if want := "[TWEETS]"; fmt.Sprint(got) != want {
		t.Errorf("streams seen in process: got %v, want %s", got, want)
	}
}

func TestOtherHostsNeedCredentials(t *testing.T) {
	s := natsdtest.Start(t, func(c *natsd.Config) {
		c.Host = "0.0.0.0"
		c.Users = []natsd.User{{Name: "reader", Password: "secret"}}
	})
	u, err := url.Parse(s.ClientURL())
	if err != nil {
		t.Fatalf("client url: %v", err)
	}
	addr := "nats://127.0.0.1:" + u.Port()
	if nc, err := nats.Connect(addr); !errors.Is(err, nats.ErrAuthorization) {
		if err == nil {
			nc.Close()
		}
		t.Errorf("connect without credentials: got %v, want %v", err, nats.ErrAuthorization)
	}
	nc, err := nats.Connect(addr, nats.UserInfo("reader", "secret"))
	connection(t, nc, err)
	nc, err = s.Connect()
	connection(t, nc, err)
}

func TestAccountsAreSeparate(t *testing.T) {
	s := natsdtest.Start(t)
	nc, err := s.Connect()
	createStream(t, newJetStream(t, connection(t, nc, err)), "TWEETS")
	nc, err = s.ConnectKinesis()
	js := newJetStream(t, connection(t, nc, err))
	createStream(t, js, "K_TWEETS")
	if _, err := js.Stream(t.Context(), "TWEETS"); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("stream of the other account: got %v, want %v", err, jetstream.ErrStreamNotFound)
	}
	if _, err := js.Publish(t.Context(), "tweets.x.AAPL", nil); !errors.Is(err, jetstream.ErrNoStreamResponse) {
		t.Errorf("publish into the other account: got %v, want %v", err, jetstream.ErrNoStreamResponse)
	}
}

func TestPermissions(t *testing.T) {
	s := natsdtest.Start(t, func(c *natsd.Config) {
		c.Users = []natsd.User{
			{Name: "all", Password: "secret"},
			{Name: "narrow", Password: "secret", Publish: []string{"tweets.>"}, Subscribe: []string{"quotes.>", "_INBOX.>"}},
			{Name: "answers", Password: "secret", Publish: []string{"tweets.>"}, AllowResponses: true},
		}
	})
	cases := []struct {
		name, user, publish, subscribe string
		want                           error
	}{
		{name: "no lists allow publish", user: "all", publish: "dead.x"},
		{name: "no lists allow subscribe", user: "all", subscribe: "dead.>"},
		{name: "listed publish", user: "narrow", publish: "tweets.x.AAPL"},
		{name: "other publish", user: "narrow", publish: "quotes.iex.AAPL", want: nats.ErrPermissionViolation},
		{name: "listed subscribe", user: "narrow", subscribe: "quotes.iex.AAPL"},
		{name: "other subscribe", user: "narrow", subscribe: "tweets.>", want: nats.ErrPermissionViolation},
		{name: "unsolicited answer", user: "answers", publish: "_INBOX.other", want: nats.ErrPermissionViolation},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			errs := make(chan error, 1)
			nc, err := s.ConnectAs(c.user, nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { errs <- err }))
			connection(t, nc, err)
			if c.publish != "" {
				err = nc.Publish(c.publish, nil)
			} else {
				_, err = nc.SubscribeSync(c.subscribe)
			}
			if err != nil {
				t.Fatalf("send: %v", err)
			}
			if err := nc.Flush(); err != nil {
				t.Fatalf("flush: %v", err)
			}
			// The server answers in order, so after a flush an error is here.
			var got error
			if c.want != nil {
				select {
				case got = <-errs:
				case <-time.After(5 * time.Second):
				}
			} else {
				got = nc.LastError()
			}
			if !errors.Is(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestAllowResponses(t *testing.T) {
	s := natsdtest.Start(t, func(c *natsd.Config) {
		c.Users = []natsd.User{{Name: "answers", Password: "secret", Publish: []string{"tweets.>"}, AllowResponses: true}}
	})
	nc, err := s.ConnectAs("answers")
	service := connection(t, nc, err)
	if _, err := service.Subscribe("ask", func(m *nats.Msg) { _ = m.Respond([]byte("yes")) }); err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	if err := service.Flush(); err != nil {
		t.Fatalf("flush: %v", err)
	}
	nc, err = s.Connect()
	msg, err := connection(t, nc, err).Request("ask", nil, 5*time.Second)
	if err != nil {
		t.Fatalf("request: %v", err)
	}
	if got, want := string(msg.Data), "yes"; got != want {
		t.Errorf("answer: got %q, want %q", got, want)
	}
}

func TestConnectAsStranger(t *testing.T) {
	s := natsdtest.Start(t)
	_, err := s.ConnectAs("stranger")
	if got, want := fmt.Sprint(err), `connect to nats as "stranger": no such user`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLargePayload(t *testing.T) {
	s := natsdtest.Start(t)
	nc, err := s.Connect()
	if got, want := connection(t, nc, err).MaxPayload(), int64(4<<20); got != want {
		t.Errorf("max payload: got %d, want %d", got, want)
	}
}

func TestSyncAlwaysIsWhatTheServerRuns(t *testing.T) {
	for _, want := range []bool{true, false} {
		t.Run(strconv.FormatBool(want), func(t *testing.T) {
			s := natsdtest.Start(t, func(c *natsd.Config) { c.SyncAlways = want })
			if got := s.SyncAlways(); got != want {
				t.Errorf("got %t, want %t", got, want)
			}
		})
	}
}

func TestLogsGoToSlog(t *testing.T) {
	var out bytes.Buffer
	s := natsdtest.Start(t, func(c *natsd.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	s.Close()
	for _, want := range []string{"level=DEBUG msg=nats-server text=\"Server is ready\"", "Initiating Shutdown"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("log: got %q, want it to contain %q", out.String(), want)
		}
	}
	if strings.Contains(out.String(), "level=INFO") {
		t.Errorf("log: got an info line in %q, want none", out.String())
	}
}
