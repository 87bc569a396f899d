package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"
	"cashtag/streams/streamstest"
)

// picky is a sink that buries what it does not like.
type picky struct {
	dislikes atomic.Value // part of a payload, a string

	mu     sync.Mutex
	stored []string
}

// Write implements durable.Sink.
func (p *picky) Write(_ context.Context, batch []durable.Message) []error {
	p.mu.Lock()
	defer p.mu.Unlock()
	errs := make([]error, len(batch))
	for i, message := range batch {
		if bad, _ := p.dislikes.Load().(string); bad != "" && strings.Contains(string(message.Data), bad) {
			errs[i] = durable.Poison(fmt.Errorf("do not like %q", bad))
			continue
		}
		p.stored = append(p.stored, string(message.Data))
	}
	return errs
}

func (p *picky) holds(payload string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.stored, payload)
}

// consume runs a sink as the consumer mongo/TWEETS until the test ends.
func (c *cluster) consume(t *testing.T, sink durable.Sink) {
	t.Helper()
	cfg := durable.DefaultConfig(streams.Consumer{Service: streams.ServiceMongo, Stream: streams.Tweets})
	runner, err := durable.New(c.client, c.publisher, sink, streamstest.NewSwitch(true), slog.New(slog.DiscardHandler), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("consumer: %v", err)
		}
	})
}

// soon polls until what is wanted holds.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	timeout := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-ticker.C:
		case <-timeout:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// TestDeadRequeueReachesTheConsumer buries by the real engine and brings back by
// the real command.
func TestDeadRequeueReachesTheConsumer(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	sink := &picky{}
	sink.dislikes.Store("poison")
	c.consume(t, sink)
	c.publish(t, sinktest.Tweet(1), sinktest.Tweet(2))
	c.publishRaw(t, "tweets.x.AAPL", "\x00poison\xff")
	soon(t, "a dead letter", func() bool { return c.messages(t, streams.Dead) == 1 })

	listed := c.cashtag(t, "dead", "ls", "--consumer", "mongo/TWEETS")
	listed.want(t, exitDone, "")
	row := listed.row(t, "1")
	want := []string{"mongo", "TWEETS/3", "tweets.x.AAPL", "1", "do", "not", "like", `"poison"`}
	if got := row[3:]; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if raw := c.cashtag(t, "dead", "show", "1", "--raw"); raw.out != "\x00poison\xff" {
		t.Errorf("got %q, want the original bytes", raw.out)
	}
	status := c.cashtag(t, "status")
	if got := status.row(t, "mongo/TWEETS"); !slices.Equal(got[1:6], []string{"2", "0", "1", "0", "0"}) {
		t.Errorf("got %v, want 2 stored, 0 pending, 1 buried, 0 missing, 0 dropped", got)
	}

	sink.dislikes.Store("")
	requeued := c.cashtag(t, "dead", "requeue", "1")
	requeued.want(t, exitDone, "")
	if requeued.out != "requeued 1\n" {
		t.Errorf("got %q, want requeued 1", requeued.out)
	}
	soon(t, "the message in the sink", func() bool { return sink.holds("\x00poison\xff") })
	c.cashtag(t, "dead", "ls").want(t, exitDone, "no dead letters")
	soon(t, "all stored", func() bool {
		return slices.Equal(c.cashtag(t, "status").row(t, "mongo/TWEETS")[1:6], []string{"3", "0", "0", "0", "0"})
	})
}
