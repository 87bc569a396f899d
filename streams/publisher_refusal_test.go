package streams_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

func TestPublishToAMissingStream(t *testing.T) {
	client := inProcess(t, natsdtest.Start(t))
	publisher := newPublisher(t, client, nil)
	err := publisher.Publish(t.Context(), tweet("1"))
	if !errors.Is(err, jetstream.ErrStreamNotFound) || !strings.Contains(err.Error(), "publish to TWEETS") {
		t.Errorf("got %v, want %v of TWEETS", err, jetstream.ErrStreamNotFound)
	}
	createStreams(t, client, nil)
	if err := publisher.Publish(t.Context(), tweet("1")); err != nil {
		t.Errorf("once the stream is there: %v", err)
	}
}

func TestPublishToAFullStream(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			client := inProcess(t, natsdtest.Start(t, mode.server))
			createStreams(t, client, func(c *jetstream.StreamConfig) {
				c.Discard, c.MaxMsgs = jetstream.DiscardNew, 10
				if mode.stream != nil {
					mode.stream(c)
				}
			})
			publisher := newPublisher(t, client, nil)
			err := publisher.Publish(t.Context(), tweets("a", 20)...)
			var api *jetstream.APIError
			if !errors.As(err, &api) || !strings.HasPrefix(err.Error(), "publish to TWEETS: ") {
				t.Fatalf("got %v, want the server's refusal naming TWEETS", err)
			}
			got := ids(contents(t, client, streams.Tweets))
			checkOnce(t, got, tweets("a", len(got)))
		})
	}
}

// One caller's message that the stream does not take fails that caller alone.
func TestRefusalIsOfOneCaller(t *testing.T) {
	client := inProcess(t, natsdtest.Start(t))
	createStreams(t, client, func(c *jetstream.StreamConfig) { c.MaxMsgSize = 2000 })
	publisher := newPublisher(t, client, func(c *streams.PublisherConfig) { c.Linger = 200 * time.Millisecond })
	large := tweets("large", 10)
	large[4].Data.(*schemas.Tweet).Text = strings.Repeat("x", 3000)
	small := tweets("small", 10)
	var wait sync.WaitGroup
	wait.Go(func() {
		err := publisher.Publish(t.Context(), large...)
		if err == nil || !strings.HasPrefix(err.Error(), "publish to TWEETS: ") {
			t.Errorf("caller of the large message: got %v, want a refusal naming TWEETS", err)
		}
	})
	wait.Go(func() {
		if err := publisher.Publish(t.Context(), small...); err != nil {
			t.Errorf("other caller: %v", err)
		}
	})
	wait.Wait()
	// Nothing of a call is stored after its first failure.
	checkOnce(t, ids(contents(t, client, streams.Tweets)), large[:4], small)
}

func TestPublishWithoutPermission(t *testing.T) {
	server := natsdtest.Start(t, func(c *natsd.Config) {
		c.Users = []natsd.User{{Name: "reader", Password: "secret", Publish: []string{"$JS.API.>"}}}
	})
	createStreams(t, inProcess(t, server), nil)
	conn, err := server.ConnectAs("reader")
	publisher := newPublisher(t, clientOf(t, conn, err), func(c *streams.PublisherConfig) {
		c.Timeout, c.Retries = 50*time.Millisecond, 1
	})
	err = publisher.Publish(t.Context(), tweet("1"))
	if !errors.Is(err, streams.ErrOutcomeUnknown) || !strings.Contains(fmt.Sprint(err), "tweets.x.AAPL") {
		t.Errorf("got %v, want %v with the violation of tweets.x.AAPL", err, streams.ErrOutcomeUnknown)
	}
}

func TestPublishEndsWithItsContext(t *testing.T) {
	server := natsdtest.Start(t)
	client := overTCP(t, server)
	createStreams(t, client, nil)
	publisher := newPublisher(t, client, func(c *streams.PublisherConfig) { c.Timeout, c.Retries = 50*time.Millisecond, 0 })
	if err := publisher.Publish(t.Context(), tweet("1")); err != nil {
		t.Fatalf("publish: %v", err)
	}
	server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := publisher.Publish(ctx, tweets("a", 3)...)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "publish to TWEETS") {
		t.Errorf("a known stream: got %v, want %v naming TWEETS", err, context.DeadlineExceeded)
	}
	clock := schemas.New("clock", "/test", schemas.MICXNYS, postedAt, &schemas.Clock{MIC: schemas.MICXNYS})
	err = publisher.Publish(ctx, clock)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "publish to MARKET") {
		t.Errorf("a stream not yet seen: got %v, want %v naming MARKET", err, context.DeadlineExceeded)
	}
}

func TestClose(t *testing.T) {
	server := natsdtest.Start(t)
	client := overTCP(t, server)
	createStreams(t, client, nil)
	publisher, err := streams.NewPublisher(client, streams.DefaultPublisherConfig())
	if err != nil {
		t.Fatalf("publisher: %v", err)
	}
	result := make(chan error, 1)
	events := tweets("a", 3000)
	go func() { result <- publisher.Publish(t.Context(), events...) }()
	waitFor(t, "first batch", func() bool { return publisher.Stats().Events > 0 })
	if err := publisher.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := <-result; err != nil {
		t.Errorf("call in hand: got %v, want it finished", err)
	}
	if err := publisher.Publish(t.Context(), tweet("1")); !errors.Is(err, streams.ErrPublisherClosed) {
		t.Errorf("after close: got %v, want %v", err, streams.ErrPublisherClosed)
	}
	if err := publisher.Close(t.Context()); err != nil {
		t.Errorf("close again: %v", err)
	}
	checkOnce(t, ids(contents(t, client, streams.Tweets)), events)
}

func TestCloseGivesUp(t *testing.T) {
	server := natsdtest.Start(t)
	client := overTCP(t, server)
	createStreams(t, client, nil)
	publisher, err := streams.NewPublisher(client, streams.DefaultPublisherConfig())
	if err != nil {
		t.Fatalf("publisher: %v", err)
	}
	if err := publisher.Publish(t.Context(), tweet("1")); err != nil {
		t.Fatalf("publish: %v", err)
	}
	server.Close()
	result := make(chan error, 1)
	go func() { result <- publisher.Publish(t.Context(), tweets("a", 5000)...) }()
	waitFor(t, "first retry", func() bool { return publisher.Stats().Retries > 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := publisher.Close(ctx); !errors.Is(err, streams.ErrPublisherClosed) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("close: got %v, want %v and %v", err, streams.ErrPublisherClosed, context.DeadlineExceeded)
	}
	if err := <-result; !errors.Is(err, streams.ErrPublisherClosed) {
		t.Errorf("call in hand: got %v, want %v", err, streams.ErrPublisherClosed)
	}
}

func TestPublishBytes(t *testing.T) {
	client := inProcess(t, natsdtest.Start(t))
	createStreams(t, client, nil)
	publisher := newPublisher(t, client, nil)
	subject := streams.RetrySubject("mongo", "tweets.x.AAPL")
	headers := map[string][]string{
		"Content-Type":        {"text/plain"},
		"X-Both":              {"a", "b"},
		"Nats-Msg-Id":         {"original"},
		"Nats-Batch-Id":       {"b"},
		"Nats-Batch-Sequence": {"7"},
		"Nats-Batch-Commit":   {"1"},
		"nats-expected-last":  {"x"},
		streams.HeaderPlace:   {"tape 7"},
	}
	for range 2 {
		if err := publisher.PublishBytes(t.Context(), subject, "dead:1", headers, []byte("not an event")); err != nil {
			t.Fatalf("publish: %v", err)
		}
	}
	all := contents(t, client, streams.Retry)
	if len(all) != 1 {
		t.Fatalf("stored: got %d messages, want 1", len(all))
	}
	if got, want := string(all[0].Data()), "not an event"; got != want {
		t.Errorf("data: got %q, want %q", got, want)
	}
	want := "map[Content-Type:[text/plain] Nats-Msg-Id:[dead:1] X-Both:[a b]]"
	if got := fmt.Sprint(all[0].Headers()); got != want {
		t.Errorf("headers: got %s, want %s", got, want)
	}
	if err := publisher.PublishBytes(t.Context(), subject, "", nil, nil); err == nil {
		t.Error("without an id: got no error")
	}
	if err := publisher.PublishBytes(t.Context(), "unknown.subject", "1", nil, nil); err == nil {
		t.Error("a subject without a stream: got no error")
	}
}

func TestPublisherConfig(t *testing.T) {
	cases := []struct {
		name   string
		change func(*streams.PublisherConfig)
		want   string
	}{
		{"linger", func(c *streams.PublisherConfig) { c.Linger = 2 * time.Second }, "publisher: linger is 2s: must be from 0 to 1s"},
		{"batch", func(c *streams.PublisherConfig) { c.MaxBatch = 1001 }, "publisher: max batch is 1001: must be from 1 to 1000"},
		{"bytes", func(c *streams.PublisherConfig) { c.MaxBytes = 0 }, "publisher: max bytes is 0: must be at least 1"},
		{"queue", func(c *streams.PublisherConfig) { c.QueueBytes = 5 }, "publisher: queue bytes is 5: must be at least max bytes, 4194304"},
		{"timeout", func(c *streams.PublisherConfig) { c.Timeout = 0 }, "publisher: timeout is 0s: must be positive"},
		{"retries", func(c *streams.PublisherConfig) { c.Retries = -1 }, "publisher: retries is -1: must not be negative"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := streams.DefaultPublisherConfig()
			c.change(&cfg)
			_, err := streams.NewPublisher(nil, cfg)
			if got := fmt.Sprint(err); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// waitFor polls, bounded by a generous limit for a busy machine.
func waitFor(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			tb.Fatalf("%s: waited in vain", what)
		}
	}
}
