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

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var postedAt = time.Date(2024, 3, 1, 15, 0, 0, 0, time.UTC)

// tweet is a post of about 600 bytes encoded.
func tweet(id string) schemas.Event {
	return schemas.New(schemas.TweetID(schemas.PlatformX, id), "/test", "AAPL", postedAt, &schemas.Tweet{
		Platform: schemas.PlatformX, PostID: id, CreatedAt: postedAt, Lang: "en",
		Text:    "$AAPL rallies after the close; the guidance for the next quarter was better than what anybody expected",
		Tickers: []string{"AAPL"}, Cashtags: []string{"AAPL"},
		Author: schemas.Author{ID: "a" + id, Followers: 120, Following: 80, Posts: 3000},
	})
}

func tweets(prefix string, n int) []schemas.Event {
	events := make([]schemas.Event, n)
	for i := range events {
		events[i] = tweet(fmt.Sprintf("%s-%06d", prefix, i))
	}
	return events
}

func clientOf(tb testing.TB, conn *nats.Conn, err error) *streams.Client {
	tb.Helper()
	if err != nil {
		tb.Fatalf("connect: %v", err)
	}
	tb.Cleanup(conn.Close)
	client, err := streams.NewClient(conn)
	if err != nil {
		tb.Fatalf("client: %v", err)
	}
	return client
}

func inProcess(tb testing.TB, server *natsd.Server) *streams.Client {
	tb.Helper()
	conn, err := server.Connect()
	return clientOf(tb, conn, err)
}

func overTCP(tb testing.TB, server *natsd.Server) *streams.Client {
	tb.Helper()
	conn, err := nats.Connect(server.ClientURL(), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	return clientOf(tb, conn, err)
}

// createStreams creates every stream of the topology, each changed by change.
func createStreams(tb testing.TB, client *streams.Client, change func(*jetstream.StreamConfig)) {
	tb.Helper()
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		tb.Fatalf("topology: %v", err)
	}
	for _, config := range topology.Streams {
		if change != nil {
			change(&config)
		}
		if _, err := client.JS.CreateStream(tb.Context(), config); err != nil {
			tb.Fatalf("create stream %s: %v", config.Name, err)
		}
	}
}

func newPublisher(tb testing.TB, client *streams.Client, change func(*streams.PublisherConfig)) *streams.Publisher {
	tb.Helper()
	cfg := streams.DefaultPublisherConfig()
	if change != nil {
		change(&cfg)
	}
	publisher, err := streams.NewPublisher(client, cfg)
	if err != nil {
		tb.Fatalf("publisher: %v", err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), time.Second)
		defer cancel()
		if err := publisher.Close(ctx); err != nil {
			tb.Errorf("close publisher: %v", err)
		}
	})
	return publisher
}

// contents reads every message of a stream.
func contents(tb testing.TB, client *streams.Client, stream string) []jetstream.Msg {
	tb.Helper()
	consumer, err := client.JS.OrderedConsumer(tb.Context(), stream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		tb.Fatalf("read %s: %v", stream, err)
	}
	var all []jetstream.Msg
	if consumer.CachedInfo().NumPending == 0 {
		return nil
	}
	messages, err := consumer.Messages()
	if err != nil {
		tb.Fatalf("read %s: %v", stream, err)
	}
	defer messages.Stop()
	for {
		message, err := messages.Next(jetstream.NextContext(tb.Context()))
		if err != nil {
			tb.Fatalf("read %s: %v", stream, err)
		}
		all = append(all, message)
		meta, err := message.Metadata()
		if err != nil {
			tb.Fatalf("read %s: %v", stream, err)
		}
		if meta.NumPending == 0 {
			return all
		}
	}
}

func ids(messages []jetstream.Msg) []string {
	got := make([]string, len(messages))
	for i, m := range messages {
		got[i] = m.Headers().Get(jetstream.MsgIDHeader)
	}
	return got
}

// checkOnce fails unless every id of the callers is there once and the ids of
// each caller are in order.
func checkOnce(tb testing.TB, got []string, callers ...[]schemas.Event) {
	tb.Helper()
	position := make(map[string]int, len(got))
	for i, id := range got {
		if first, ok := position[id]; ok {
			tb.Errorf("event %s: stored at %d and again at %d", id, first+1, i+1)
		}
		position[id] = i
	}
	want := 0
	for _, events := range callers {
		want += len(events)
		last := -1
		for _, event := range events {
			at, ok := position[event.ID]
			if !ok {
				tb.Fatalf("event %s: not stored", event.ID)
			}
			if at < last {
				tb.Fatalf("event %s: stored before the one published before it", event.ID)
			}
			last = at
		}
	}
	if len(got) != want {
		tb.Errorf("stored: got %d events, want %d", len(got), want)
	}
}

// modes are the ways a stream may be published to. What is published one by one is
// not synced one by one, which takes long on a busy machine.
var modes = []struct {
	name   string
	stream func(*jetstream.StreamConfig)
	server func(*natsd.Config)
}{
	{"atomic", nil, func(*natsd.Config) {}},
	{
		"asynchronous",
		func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false },
		func(c *natsd.Config) { c.SyncAlways = false },
	},
}

func TestPublishStoresAllInOrder(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			client := inProcess(t, natsdtest.Start(t, mode.server))
			createStreams(t, client, mode.stream)
			publisher := newPublisher(t, client, nil)

			callers := make([][]schemas.Event, 12)
			var wait sync.WaitGroup
			for i := range callers {
				callers[i] = tweets(fmt.Sprint("caller", i), 1+i*101) // the last ones are larger than a batch
				wait.Go(func() {
					if err := publisher.Publish(t.Context(), callers[i]...); err != nil {
						t.Errorf("publish %d: %v", i, err)
					}
				})
			}
			wait.Wait()

			all := contents(t, client, streams.Tweets)
			checkOnce(t, ids(all), callers...)
			if got, want := all[0].Headers().Get("Content-Type"), "application/cloudevents+json"; got != want {
				t.Errorf("content type: got %q, want %q", got, want)
			}
			if got, want := all[0].Subject(), "tweets.x.AAPL"; got != want {
				t.Errorf("subject: got %q, want %q", got, want)
			}
			stats := publisher.Stats()
			if got, want := stats.Events, uint64(len(all)); got != want {
				t.Errorf("events counted: got %d, want %d", got, want)
			}
			if grouped := stats.Batches > 0; grouped != (mode.name == "atomic") {
				t.Errorf("batches counted: got %d in mode %s", stats.Batches, mode.name)
			}
		})
	}
}

func TestPublishToSeveralStreams(t *testing.T) {
	client := inProcess(t, natsdtest.Start(t))
	createStreams(t, client, nil)
	publisher := newPublisher(t, client, nil)
	clock := schemas.New(schemas.ClockID(schemas.MICXNYS, true, postedAt), "/test", schemas.MICXNYS, postedAt,
		&schemas.Clock{MIC: schemas.MICXNYS, Open: true})
	if err := publisher.Publish(t.Context(), tweet("1"), clock, tweet("2")); err != nil {
		t.Fatalf("publish: %v", err)
	}
	checkOnce(t, ids(contents(t, client, streams.Tweets)), []schemas.Event{tweet("1"), tweet("2")})
	checkOnce(t, ids(contents(t, client, streams.Market)), []schemas.Event{clock})
}

func TestPublishRefusesAnInvalidEvent(t *testing.T) {
	client := inProcess(t, natsdtest.Start(t))
	createStreams(t, client, nil)
	publisher := newPublisher(t, client, nil)

	noTicker := tweet("1")
	noTicker.Data.(*schemas.Tweet).Tickers = nil
	noSource := tweet("2")
	noSource.Source = "x"
	large := schemas.New("01ARZ3NDEKTSV4RRFFQ69G5FAV", "/test", "test", postedAt, &schemas.Log{
		Service: "test", Level: schemas.LevelInfo, Message: strings.Repeat("x", schemas.MaxEventBytes),
	})
	cases := []struct {
		name  string
		event schemas.Event
		field string
	}{
		{"a field of the data", noTicker, "data.tickers"},
		{"a field of the envelope", noSource, "source"},
		{"too large", large, "data"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := publisher.Publish(t.Context(), tweet("good"), c.event)
			var field *schemas.FieldError
			if !errors.As(err, &field) || field.Field != c.field {
				t.Fatalf("got error %v, want one of field %s", err, c.field)
			}
			if !strings.Contains(err.Error(), fmt.Sprintf("%q", c.event.ID)) {
				t.Errorf("got error %q, want it to name event %s", err, c.event.ID)
			}
			if got := contents(t, client, streams.Tweets); len(got) != 0 {
				t.Errorf("got %d events stored, want none", len(got))
			}
		})
	}
}
