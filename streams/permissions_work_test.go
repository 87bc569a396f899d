package streams_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/flag"

	"github.com/nats-io/nats.go/jetstream"
)

func watchesFlags(t *testing.T, client, operator *streams.Client) {
	t.Helper()
	set, err := flag.Open(t.Context(), client, nil)
	if err != nil {
		t.Fatalf("open flags: %v", err)
	}
	defer set.Close()
	bucket, err := operator.JS.KeyValue(t.Context(), streams.BucketFlags)
	if err != nil {
		t.Fatalf("bucket: %v", err)
	}
	gate := set.Gate("backup", true)
	changed := gate.Changed()
	word := flag.On
	if gate.On() {
		word = flag.Off
	}
	if _, err := bucket.PutString(t.Context(), "backup", word); err != nil {
		t.Fatalf("put: %v", err)
	}
	select {
	case <-changed:
	case <-time.After(5 * time.Second):
		t.Error("the change of a flag was not heard of")
	}
	config, err := client.JS.KeyValue(t.Context(), streams.BucketConfig)
	if err != nil {
		t.Fatalf("bucket config: %v", err)
	}
	if _, err := config.Get(t.Context(), "tickers"); !errors.Is(err, jetstream.ErrKeyNotFound) {
		t.Errorf("get from config: got %v, want %v", err, jetstream.ErrKeyNotFound)
	}
}

// consumes creates both durables of a consumer, reads, settles in every way, buries
// and starts again.
func consumes(t *testing.T, client, operator *streams.Client, publisher *streams.Publisher, consumer streams.Consumer) {
	t.Helper()
	ctx := t.Context()
	retry := streams.RetrySubject(consumer.Service, strings.ToLower(consumer.Stream)+".x.AAPL")
	if _, err := operator.JS.Publish(ctx, retry, []byte("{}")); err != nil {
		t.Fatalf("requeue: %v", err)
	}
	main := jetstream.ConsumerConfig{Durable: consumer.Service, AckPolicy: jetstream.AckExplicitPolicy}
	if consumer.Ordered {
		main.AckPolicy = jetstream.AckAllPolicy
	}
	requeued := jetstream.ConsumerConfig{
		Durable: consumer.RetryDurable(), AckPolicy: jetstream.AckExplicitPolicy, FilterSubject: consumer.RetryFilter(),
	}
	for _, lane := range []struct {
		stream string
		cfg    jetstream.ConsumerConfig
	}{{consumer.Stream, main}, {streams.Retry, requeued}} {
		what := lane.stream + "/" + lane.cfg.Durable
		stream, err := client.JS.Stream(ctx, lane.stream)
		must(t, what+": stream info", err)
		_, err = client.JS.CreateOrUpdateConsumer(ctx, lane.stream, lane.cfg)
		must(t, what+": create", err)
		lane.cfg.Metadata = map[string]string{"a": "b"}
		_, err = client.JS.UpdateConsumer(ctx, lane.stream, lane.cfg)
		must(t, what+": update", err)
		durable, err := client.JS.Consumer(ctx, lane.stream, lane.cfg.Durable)
		if err != nil {
			t.Fatalf("%s: info: %v", what, err)
		}
		for _, settle := range []func(jetstream.Msg) error{jetstream.Msg.InProgress, jetstream.Msg.Nak, jetstream.Msg.InProgress} {
			must(t, what+": settle", settle(next(t, durable, lane.cfg)))
			_, err = client.JS.ResetConsumer(ctx, lane.stream, lane.cfg.Durable)
			must(t, what+": reset", err)
		}
		must(t, what+": ack", next(t, durable, lane.cfg).DoubleAck(ctx))
		if lane.stream == consumer.Stream {
			_, err = stream.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(">"))
			must(t, what+": get", err)
		}
	}
	subject := strings.ToLower(consumer.Stream) + ".x.AAPL"
	must(t, consumer.Key()+": bury", publisher.Publish(ctx, schemas.New(schemas.DeadID(consumer.Service, consumer.Stream, 1), "/test", "AAPL", postedAt,
		&schemas.Dead{
			Consumer: consumer.Service, Stream: consumer.Stream, Sequence: 1, Subject: subject,
			Payload: []byte("{}"), Reason: "test", Tries: 1, BuriedAt: postedAt,
		})))
}

func next(t *testing.T, durable jetstream.Consumer, cfg jetstream.ConsumerConfig) jetstream.Msg {
	t.Helper()
	batch, err := durable.Fetch(1, jetstream.FetchMaxWait(5*time.Second))
	if err != nil {
		t.Fatalf("fetch %s: %v", cfg.Durable, err)
	}
	message, ok := <-batch.Messages()
	if !ok {
		t.Fatalf("fetch %s: got nothing, %v", cfg.Durable, batch.Error())
	}
	return message
}

func replays(t *testing.T, client *streams.Client, publisher *streams.Publisher) {
	t.Helper()
	must(t, "publish", publisher.PublishPlaced(t.Context(), "tape", tape("permitted", 1200)...))
	must(t, "publish", publisher.PublishPlaced(t.Context(), "other", tape("other", 1200)...))
	if got := lastPlace(t, client, "tape"); got != "1199" {
		t.Errorf("place: got %q, want 1199", got)
	}
	bar := &schemas.Quote{
		Feed: schemas.FeedStockNet, Kind: schemas.KindBar, Ticker: "AAPL", Delay: schemas.DelayEndOfDay, QuotedAt: postedAt,
		Price: 1, Bar: &schemas.Bar{IntervalS: 60, Open: 1, High: 1, Low: 1, Close: 1},
	}
	must(t, "publish", publisher.Publish(t.Context(), schemas.New(schemas.QuoteID(bar), "/test", "AAPL", postedAt, bar),
		schemas.New("clock", "/test", schemas.MICXNYS, postedAt, &schemas.Clock{MIC: schemas.MICXNYS})))
	for _, stream := range []string{streams.Quotes, streams.Market} {
		_, err := streams.LastPlace(t.Context(), client, stream, "tape")
		must(t, "place in "+stream, err)
	}
}

func scores(t *testing.T, _ *streams.Client, publisher *streams.Publisher) {
	t.Helper()
	must(t, "publish", publisher.Publish(t.Context(), schemas.New("score", "/test", "AAPL", postedAt, &schemas.Sentiment{
		TweetID: "x:1", Ticker: "AAPL", PostedAt: postedAt, Scorer: "test", Version: "1",
		Label: schemas.LabelUnknown, FromStream: streams.Tweets, FromSequence: 1,
	})))
}

func readsModels(t *testing.T, client *streams.Client, _ *streams.Publisher) {
	t.Helper()
	_, err := streams.ReadSince(t.Context(), client, streams.Models, 0, func(uint64, []byte) {})
	must(t, "read models", err)
}

func predicts(t *testing.T, client *streams.Client, publisher *streams.Publisher) {
	t.Helper()
	readsModels(t, client, publisher)
	half := 0.5
	must(t, "publish", publisher.Publish(t.Context(), schemas.New("prediction", "/test", "AAPL", postedAt, &schemas.Prediction{
		Model: "up", Version: "1", Target: "direction", Ticker: "AAPL", Window: schemas.WindowDay, PredictedAt: postedAt,
		HorizonS: 1, DueAt: postedAt.Add(time.Second), Probability: &half, FeatureID: "f",
	})))
}

func retrains(t *testing.T, client *streams.Client, publisher *streams.Publisher) {
	t.Helper()
	for _, name := range []string{streams.Models, streams.Tweets, streams.Quotes, streams.Market} {
		_, err := streams.ReadSince(t.Context(), client, name, 0, func(uint64, []byte) {})
		must(t, "read "+name, err)
	}
	cuts, err := client.JS.KeyValue(t.Context(), streams.BucketCheckpoints)
	if err != nil {
		t.Fatalf("bucket: %v", err)
	}
	revision, err := cuts.Create(t.Context(), "analysis.cuts", []byte("{}"))
	must(t, "create", err)
	_, err = cuts.Update(t.Context(), "analysis.cuts", []byte("{}"), revision)
	must(t, "update", err)
	_, err = cuts.Get(t.Context(), "analysis.cuts")
	must(t, "get", err)
	hash := strings.Repeat("0", 64)
	must(t, "publish", publisher.Publish(t.Context(), schemas.New("up:1:trained", "/test", "up", postedAt, &schemas.Model{
		Name: "up", Version: "1", Verb: schemas.VerbTrained, Object: "models/up/1", ArtefactHash: hash, DataHash: hash,
		FeatureSchema: hash[:16], CodeVersion: "test", Target: "direction", Window: schemas.WindowDay, HorizonS: 1,
		Scores: []schemas.ModelScore{}, By: "analysis", StatedAt: postedAt,
	})))
}

func cutsBlocks(t *testing.T, client *streams.Client, _ *streams.Publisher) {
	t.Helper()
	blocks, err := client.JS.KeyValue(t.Context(), streams.BucketBlocks)
	if err != nil {
		t.Fatalf("bucket: %v", err)
	}
	revision, err := blocks.Create(t.Context(), "TWEETS.1", []byte("10"))
	must(t, "create", err)
	_, err = blocks.Update(t.Context(), "TWEETS.1", []byte("11"), revision)
	must(t, "update", err)
	_, err = blocks.Get(t.Context(), "TWEETS.1")
	must(t, "get", err)
	must(t, "delete", blocks.Purge(t.Context(), "TWEETS.1"))
}

func leases(t *testing.T, client *streams.Client, _ *streams.Publisher) {
	t.Helper()
	blocks, err := client.JS.KeyValue(t.Context(), streams.BucketBlocks)
	if err != nil {
		t.Fatalf("bucket: %v", err)
	}
	for _, consumer := range consumersOf(streams.ServiceKinesis) {
		revision, err := blocks.Create(t.Context(), consumer.LeaseKey(), []byte("one"))
		must(t, "create", err)
		_, err = blocks.Create(t.Context(), consumer.LeaseKey(), []byte("two"))
		if !errors.Is(err, jetstream.ErrKeyExists) {
			t.Errorf("create again: got %v, want %v", err, jetstream.ErrKeyExists)
		}
		_, err = blocks.Update(t.Context(), consumer.LeaseKey(), []byte("two"), revision)
		must(t, "update", err)
		_, err = blocks.Get(t.Context(), consumer.LeaseKey())
		must(t, "get", err)
	}
}

func observes(t *testing.T, client *streams.Client, _ *streams.Publisher) {
	t.Helper()
	for _, name := range streams.StreamNames() {
		_, err := client.JS.Stream(t.Context(), name)
		must(t, "stream info", err)
	}
	for _, consumer := range streams.Consumers() {
		_, err := client.JS.Consumer(t.Context(), consumer.Stream, consumer.Service)
		must(t, "consumer info of "+consumer.Key(), err)
	}
}

func states(t *testing.T, _ *streams.Client, publisher *streams.Publisher) {
	t.Helper()
	for subjects, events := range map[string][]schemas.Event{
		sessions: {
			sessionEvent(schemas.SessionOpened, postedAt), sessionEvent(schemas.SessionClosed, postedAt),
			sessionEvent(schemas.SessionEarlyClose, postedAt),
		},
		"market.XNYS.clock": {schemas.New("tick", "/test", schemas.MICXNYS, postedAt, &schemas.Clock{MIC: schemas.MICXNYS})},
	} {
		for _, event := range events {
			_, after, err := publisher.Last(t.Context(), subjects)
			must(t, "last", err)
			_, err = publisher.PublishAfter(t.Context(), subjects, after, event)
			must(t, "publish after", err)
			subject, err := streams.Subject(event)
			must(t, "subject", err)
			_, _, err = publisher.Last(t.Context(), subject)
			must(t, "last of one subject", err)
		}
	}
}

func counts(t *testing.T, _ *streams.Client, publisher *streams.Publisher) {
	t.Helper()
	data := &schemas.Counts{Source: "x", MinuteAt: postedAt, RunID: "01K3F4Y6Q0V8W5T2R9P7N4M1JH", Tickers: []schemas.TickerCounts{}}
	must(t, "publish", publisher.Publish(t.Context(), schemas.New("counts", "/test", "x", postedAt, data)))
}
