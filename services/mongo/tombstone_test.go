package mongo_test

import (
	"strings"
	"testing"
	"time"

	"cashtag/embedded/mongod/mongodtest"
	"cashtag/schemas"
	"cashtag/services/mongo"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// stored is an event as the engine hands it over.
func stored(t *testing.T, event schemas.Event) durable.Message {
	t.Helper()
	line, err := event.Encode()
	if err != nil {
		t.Fatal(err)
	}
	subject, err := streams.Subject(event)
	if err != nil {
		t.Fatal(err)
	}
	m := message(event.ID, string(line))
	m.Subject, m.Key = subject, streams.Key(subject)
	return m
}

func deletionOf(post schemas.Event) schemas.Event {
	tweet, at := post.Data.(*schemas.Tweet), time.Date(2026, 3, 19, 9, 0, 0, 0, time.UTC)
	data := &schemas.TweetDeleted{
		Platform: tweet.Platform, PostID: tweet.PostID, DeletedAt: at, Scores: []schemas.DeletedScore{}, FromSequences: []uint64{7},
	}
	data.Take(tweet)
	return schemas.New(schemas.TweetDeletedID(post.ID), post.Source, data.Ticker(), at, data)
}

func TestTombstone(t *testing.T) {
	t.Parallel()
	uri, first, second := mongodtest.Start(t), sinktest.Tweet(1), sinktest.Tweet(2)
	for name, batches := range map[string][][]schemas.Event{
		"after the post":         {{first, second}, {deletionOf(first)}},
		"in the batch of it":     {{first, second, deletionOf(first)}},
		"before the post":        {{deletionOf(first)}, {first, second}},
		"before it in the batch": {{deletionOf(first), second, first}},
		"and the post again":     {{first, second}, {deletionOf(first)}, {first}},
		"again":                  {{first, second}, {deletionOf(first)}, {deletionOf(first), first}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := strings.ReplaceAll(name, " ", "_") // an empty one for each test
			sink := newSink(t, uri, func(cfg *mongo.Config) { cfg.Database = database })
			if err := sink.Ensure(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, events := range batches {
				var batch []durable.Message
				for _, event := range events {
					batch = append(batch, stored(t, event))
				}
				if errs := sink.Write(t.Context(), batch); errs != nil {
					t.Fatalf("write: %v", sinktest.First(errs))
				}
			}
			cursor, err := connect(t, uri).Database(database).Collection("tweets").Find(t.Context(), bson.D{})
			if err != nil {
				t.Fatal(err)
			}
			var documents []bson.M
			if err := cursor.All(t.Context(), &documents); err != nil {
				t.Fatal(err)
			}
			types := map[string]string{}
			for _, document := range documents {
				types[document["_id"].(string)] = document["type"].(string)
				if document["_id"] == first.ID {
					text, err := bson.MarshalExtJSON(document, false, false)
					if err != nil || strings.Contains(string(text), first.Data.(*schemas.Tweet).Text) {
						t.Errorf("got the body in %s, or %v", text, err)
					}
				}
			}
			if len(types) != 2 || types[first.ID] != string(schemas.TypeTweetDeleted) || types[second.ID] != string(schemas.TypeTweet) {
				t.Errorf("got %v, want a tombstone and a post", types)
			}
		})
	}
}

func TestTombstoneOfWhatIsNoEvent(t *testing.T) {
	t.Parallel()
	far := new(farEnd).start(t)
	bad := message("x:1:deleted", "no event")
	bad.Key = schemas.NoTicker
	batch := append(events("a"), bad)
	sinktest.WantKinds(t, far.sink(t).Write(t.Context(), batch), "stored", "poison")
}
