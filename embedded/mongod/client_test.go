package mongod_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"cashtag/embedded/mongod"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// duplicate is the server's code for a key that is taken.
const duplicate = 11000

// start runs a server on a directory until the test ends or kills it.
func start(tb testing.TB, dir string) *mongod.Server {
	tb.Helper()
	server, err := mongod.Start(tb.Context(), mongod.Config{Dir: dir})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = server.Close() })
	return server
}

// connect opens a client that is closed before its server.
func connect(tb testing.TB, uri string) *mongo.Client {
	tb.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), time.Second) // its server may be gone
		defer cancel()
		_ = client.Disconnect(ctx)
	})
	return client
}

// disconnect closes a client before its server is closed by the test.
func disconnect(tb testing.TB, client *mongo.Client) {
	tb.Helper()
	if err := client.Disconnect(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// documents makes a document for each id.
func documents(ids ...string) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = bson.D{{Key: "_id", Value: id}, {Key: "data", Value: bson.D{{Key: "text", Value: "$AAPL to the moon"}}}}
	}
	return list
}

// insert stores documents that must be new.
func insert(tb testing.TB, events *mongo.Collection, ids ...string) {
	tb.Helper()
	if _, err := events.InsertMany(tb.Context(), documents(ids...)); err != nil {
		tb.Fatal(err)
	}
}

// stored lists the ids of a collection in order.
func stored(tb testing.TB, events *mongo.Collection) []string {
	tb.Helper()
	cursor, err := events.Find(tb.Context(), bson.D{})
	if err != nil {
		tb.Fatal(err)
	}
	var found []struct {
		ID string `bson:"_id"`
	}
	if err := cursor.All(tb.Context(), &found); err != nil {
		tb.Fatal(err)
	}
	var ids []string
	for _, document := range found {
		ids = append(ids, document.ID)
	}
	slices.Sort(ids)
	return ids
}

// takenIndexes lists the indexes that a bulk error gives as duplicates.
func takenIndexes(tb testing.TB, err error) []int {
	tb.Helper()
	if err == nil {
		return nil
	}
	var bulk mongo.BulkWriteException
	if !errors.As(err, &bulk) {
		tb.Fatalf("got error %v, want a bulk write exception", err)
	}
	var indexes []int
	for _, failed := range bulk.WriteErrors {
		if failed.Code != duplicate {
			tb.Errorf("index %d: got code %d, want %d", failed.Index, failed.Code, duplicate)
		}
		indexes = append(indexes, failed.Index)
	}
	return indexes
}
