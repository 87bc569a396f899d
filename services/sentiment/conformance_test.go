package sentiment_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"cashtag/schemas"
	"cashtag/services/sentiment"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go/jetstream"
)

var _ sentiment.Publisher = (*streams.Publisher)(nil)

func TestConformance(t *testing.T) {
	t.Parallel()
	sinktest.Run(t, sinktest.Suite{
		Consumer: streams.Consumer{Service: streams.ServiceSentiment, Stream: streams.Tweets},
		Open:     openFarEnd,
		Poison:   []byte(`{"type":"cashtag.clock.v1"}`),
	})
}

// switched is a publisher whose stream can be away.
type switched struct {
	*streams.Publisher

	away atomic.Bool
}

func (s *switched) Publish(ctx context.Context, events ...schemas.Event) error {
	if s.away.Load() {
		return errors.New("no servers")
	}
	return s.Publisher.Publish(ctx, events...)
}

// openFarEnd starts a server whose stream SENTIMENT is the far end.
func openFarEnd(t *testing.T) sinktest.FarEnd {
	t.Helper()
	server := streamstest.Start(t)
	far := &switched{Publisher: server.Publisher}
	open := func(t *testing.T) durable.Sink {
		t.Helper()
		return sentiment.New(scorer(t), far)
	}
	return sinktest.FarEnd{
		Sink:   open(t),
		Reopen: open,
		Stored: func(t *testing.T) []string {
			t.Helper()
			return scoredPosts(t, server.Client)
		},
		// A worker that starts again reads on before what the last one had in hand
		// comes back: scores keep no order, each carries its post's place.
		Ordered: false,
		Outage:  func(_ *testing.T, on bool) { far.away.Store(on) },
	}
}

// scoredPosts is the id of each score's post, in the order of the stream.
func scoredPosts(t *testing.T, client *streams.Client) []string {
	t.Helper()
	stream, err := client.JS.Stream(t.Context(), streams.Sentiment)
	if err != nil {
		t.Fatal(err)
	}
	count := stream.CachedInfo().State.Msgs
	if count == 0 {
		return nil
	}
	consumer, err := stream.OrderedConsumer(t.Context(), jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer messages.Stop()
	var ids []string
	for range count {
		message, err := messages.Next(jetstream.NextContext(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		event, err := schemas.Decode(message.Data())
		if err != nil {
			t.Fatalf("decode %s: %v", message.Data(), err)
		}
		score, ok := event.Data.(*schemas.Sentiment)
		if !ok || message.Subject() != "sentiment.cdipaolo."+streams.TickerToken(score.Ticker) {
			t.Fatalf("got %s on %s, want a score on its subject", event.Type, message.Subject())
		}
		ids = append(ids, score.TweetID)
	}
	return ids
}
