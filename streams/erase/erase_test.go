package erase_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"
	"cashtag/streams/erase"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go/jetstream"
)

var (
	deletedAt = time.Date(2026, 3, 19, 9, 0, 0, 0, time.UTC)
	discard   = slog.New(slog.DiscardHandler)
)

// body is what must be nowhere in the end.
const body = "$AAPL a body that nobody may read again 8d1f"

// rig is a server with the topology, whose streams soon forget what they have seen.
type rig struct {
	*streamstest.Server

	dir string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{}
	r.Server = streamstest.Start(t, func(c *natsd.Config) { r.dir = c.Dir })
	for _, stream := range r.Topology.Streams {
		stream.Duplicates = 100 * time.Millisecond
		if _, err := r.Client.JS.UpdateStream(t.Context(), stream); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// post is a post whose text is body.
func post(i int) schemas.Event {
	event := sinktest.Tweet(i)
	data := *event.Data.(*schemas.Tweet)
	data.Text = body
	event.Data = &data
	return event
}

// encode is an event as it is stored, and where.
func encode(t *testing.T, event schemas.Event) (subject string, line []byte) {
	t.Helper()
	line, err := event.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if subject, err = streams.Subject(event); err != nil {
		t.Fatal(err)
	}
	return subject, line
}

// scatter stores a post, its score, a dead letter and a requeued one of it.
func (r *rig) scatter(t *testing.T, event schemas.Event) {
	t.Helper()
	subject, line := encode(t, event)
	tweet := event.Data.(*schemas.Tweet)
	score := &schemas.Sentiment{
		TweetID: event.ID, Ticker: tweet.Tickers[0], PostedAt: tweet.CreatedAt, Scorer: "test", Version: "1",
		Label: schemas.LabelPositive, Probability: 0.75, FromStream: streams.Tweets, FromSequence: 1,
	}
	r.Publish(t, event,
		schemas.New(schemas.SentimentID(event.ID, score.Ticker, "test", "1"), schemas.SourceX, score.Ticker, tweet.CreatedAt, score),
		schemas.New(schemas.DeadID("mongo", streams.Tweets, 1), schemas.ServiceSource("mongo"), score.Ticker, deletedAt, &schemas.Dead{
			Consumer: "mongo", Stream: streams.Tweets, Sequence: 1, Subject: subject, Payload: line, Reason: "tried", Tries: 8, BuriedAt: deletedAt,
			Headers: map[string][]string{jetstream.MsgIDHeader: {event.ID}},
		}))
	headers := map[string][]string{durable.HeaderMsgID: {event.ID}}
	if err := r.Publisher.PublishBytes(t.Context(), streams.RetrySubject("kinesis", subject), "retry:1", headers, line); err != nil {
		t.Fatal(err)
	}
}

// bodies counts the messages that hold body, in every stream.
func (r *rig) bodies(t *testing.T) int {
	t.Helper()
	n := 0
	for _, subject := range []string{"tweets.>", "dead.>", "retry.>", "sentiment.>"} {
		err := streams.Scan(t.Context(), r.Client, subject, func(message *jetstream.RawStreamMsg) error {
			data := message.Data
			if event, err := schemas.Decode(data); err == nil {
				if dead, ok := event.Data.(*schemas.Dead); ok {
					data = dead.Payload
				}
			}
			if bytes.Contains(data, []byte(body)) {
				n++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// deletions reads what was stated.
func (r *rig) deletions(t *testing.T) []schemas.Event {
	t.Helper()
	var found []schemas.Event
	err := streams.Scan(t.Context(), r.Client, "tweets.*._", func(message *jetstream.RawStreamMsg) error {
		event, err := schemas.Decode(message.Data)
		found = append(found, event)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// run runs the eraser until nothing is pending.
func (r *rig) run(t *testing.T) {
	t.Helper()
	consumer := streams.Consumer{Service: streams.ServiceEraser, Stream: streams.Tweets}
	cfg := durable.DefaultConfig(consumer)
	cfg.Alone = true
	runner, err := durable.New(r.Client, r.Publisher, erase.NewSink(erase.New(r.Client, nil), discard), streamstest.NewSwitch(true), discard, cfg)
	if err != nil {
		t.Fatal(err)
	}
	running := streamstest.Run(t, runner.Run)
	streamstest.Eventually(t, "the eraser settled", func() bool {
		found, err := r.Client.JS.Consumer(t.Context(), streams.Tweets, streams.ServiceEraser)
		if err != nil {
			return false
		}
		info := found.CachedInfo()
		return info.Delivered.Stream == r.Last(t, streams.Tweets) && info.NumAckPending == 0 && info.NumPending == 0
	})
	if err := running.Stop(t); err != nil {
		t.Fatal(err)
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Publish(t, sinktest.Tweet(1))
	gone := post(2)
	r.scatter(t, gone)
	if n := r.bodies(t); n != 3 {
		t.Fatalf("before: got %d messages with the body, want 3", n)
	}
	outcomes, err := erase.New(r.Client, r.Publisher).Erase(t.Context(), erase.Request{IDs: []string{gone.ID, "x:404"}, At: deletedAt})
	if err != nil {
		t.Fatal(err)
	}
	if !outcomes[0].Found || outcomes[0].Messages != 3 || outcomes[1].Found {
		t.Errorf("got %+v, want 3 messages of the first and none of the second", outcomes)
	}
	if n := r.bodies(t); n != 0 {
		t.Errorf("got %d messages with the body, want none", n)
	}
	stated := r.deletions(t)
	if len(stated) != 1 || stated[0].ID != gone.ID+":deleted" {
		t.Fatalf("got deletions %v, want that of %s", stated, gone.ID)
	}
	data, tweet := stated[0].Data.(*schemas.TweetDeleted), gone.Data.(*schemas.Tweet)
	if data.TextHash != schemas.TextHash(body) || data.AuthorHash != schemas.AuthorHash(tweet.Platform, tweet.Author.ID) ||
		!data.CreatedAt.Equal(tweet.CreatedAt) || !data.DeletedAt.Equal(deletedAt) || len(data.FromSequences) != 1 || data.FromSequences[0] != 2 {
		t.Errorf("got %+v, want the facts of %+v", data, tweet)
	}
	if len(data.Scores) != 1 || data.Scores[0].Probability != 0.75 || data.Scores[0].Scorer != "test" {
		t.Errorf("got scores %+v, want that of test", data.Scores)
	}
	files, err := filepath.Glob(filepath.Join(r.dir, "jetstream", "*", "streams", "*", "msgs", "*.blk"))
	if err != nil || len(files) == 0 {
		t.Fatalf("block files: got %d, %v", len(files), err)
	}
	for _, file := range files {
		if content, err := os.ReadFile(file); err != nil || bytes.Contains(content, []byte(body)) {
			t.Errorf("%s: got the body on disk, or %v", file, err)
		}
	}
}

// TestSinkRepairs erases what a deletion that was stated, and no more, is about: the
// process that stated it was killed.
func TestSinkRepairs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	gone, kept := post(2), sinktest.Tweet(1)
	r.Publish(t, kept)
	r.scatter(t, gone)
	killed := errors.New("killed")
	dying := dyingPublisher{publisher: r.Publisher, err: killed}
	_, err := erase.New(r.Client, dying).Erase(t.Context(), erase.Request{IDs: []string{gone.ID}, At: deletedAt})
	if !errors.Is(err, killed) {
		t.Fatalf("got %v, want %v", err, killed)
	}
	if n := r.bodies(t); n != 3 {
		t.Fatalf("killed: got %d messages with the body, want 3", n)
	}
	r.run(t)
	if n := r.bodies(t); n != 0 {
		t.Errorf("got %d messages with the body, want none", n)
	}
	// It comes again, when no dedupe window holds any more.
	r.redeliver(t, gone)
	if n := r.bodies(t); n != 1 {
		t.Fatalf("redelivered: got %d messages with the body, want 1", n)
	}
	r.run(t)
	if n := r.bodies(t); n != 0 {
		t.Errorf("redelivered: got %d messages with the body, want none", n)
	}
	stream, err := r.Client.JS.Stream(t.Context(), streams.Tweets)
	if err != nil {
		t.Fatal(err)
	}
	if got := stream.CachedInfo().State.Msgs; got != 2 {
		t.Errorf("got %d messages in TWEETS, want the other post and the deletion", got)
	}
}

// redeliver stores a post once more, as soon as the dedupe window lets it.
func (r *rig) redeliver(t *testing.T, event schemas.Event) {
	t.Helper()
	subject, line := encode(t, event)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		ack, err := r.Client.JS.Publish(t.Context(), subject, line, jetstream.WithMsgID(event.ID))
		if err != nil {
			t.Fatal(err)
		}
		if !ack.Duplicate {
			return
		}
		<-tick.C
	}
	t.Fatal("the dedupe window does not end")
}

// dyingPublisher stores and then dies.
type dyingPublisher struct {
	publisher *streams.Publisher
	err       error
}

func (d dyingPublisher) Publish(ctx context.Context, events ...schemas.Event) error {
	if err := d.publisher.Publish(ctx, events...); err != nil {
		return err
	}
	return d.err
}

func TestSinkPoison(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	errs := erase.NewSink(erase.New(r.Client, nil), discard).Write(t.Context(), []durable.Message{
		{Subject: "tweets.x._", Key: "_", Data: []byte("no event")},
		{Subject: "tweets.x.AAPL", Key: "AAPL", ID: "x:1", Data: []byte("no event")},
	})
	if !durable.IsPoison(errs[0]) || errs[1] != nil {
		t.Errorf("got %v, want poison and nil", errs)
	}
}
