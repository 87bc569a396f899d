//go:build !external

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/api"
	"cashtag/services/archive"
	"cashtag/services/sentiment"
	"cashtag/streams"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func scoreID(tweetID, ticker string) string {
	return schemas.SentimentID(tweetID, ticker, sentiment.CdipaoloName, sentiment.CdipaoloVersion)
}

// await asks until it is told yes.
func await(t *testing.T, what string, yes func() bool) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for !yes() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited two minutes for: %s", what)
		}
	}
}

// messagesAt asks a running program how much a stream holds; 0 while it does not
// answer.
func messagesAt(t *testing.T, url, stream string) uint64 {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	var status api.Status
	if err := json.NewDecoder(response.Body).Decode(&status); err != nil {
		return 0
	}
	for _, one := range status.Streams {
		if one.Name == stream {
			return one.Messages
		}
	}
	return 0
}

// farEndsFile is what `up` leaves in the data directory.
type farEndsFile struct {
	Endpoints   []endpoint `json:"endpoints"`
	S3AccessKey string     `json:"s3_access_key"`
	S3SecretKey string     `json:"s3_secret_key"`
}

func (f farEndsFile) address(t *testing.T, name string) string {
	t.Helper()
	for _, one := range f.Endpoints {
		if one.Name == name {
			return one.Address
		}
	}
	t.Fatalf("no endpoint %s in %+v", name, f.Endpoints)
	return ""
}

// checkFarEnds starts the program on finished data and looks into every far end:
// each holds each event once, Kinesis at least once.
func checkFarEnds(t *testing.T, dir string, want map[string][]string, args ...string) {
	t.Helper()
	p := startProcess(t, upArgs(t, dir, args...)...)
	status := "http://127.0.0.1:" + p.httpPort() + "/status"
	await(t, "the program answers", func() bool { return messagesAt(t, status, streams.Tweets) > 0 })
	content, err := os.ReadFile(filepath.Join(dir, "endpoints.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file farEndsFile
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	for _, stream := range []string{streams.Tweets, streams.Quotes, streams.Market, streams.Sentiment} {
		if !underRace {
			compareIDs(t, "mongo "+stream, mongoIDs(t, file.address(t, "mongodb"), stream), want[stream], false)
		}
		compareIDs(t, "archive "+stream, archiveIDs(t, file, stream), want[stream], false)
	}
	for stream, theirs := range map[string]string{streams.Tweets: "cashtag-tweets", streams.Quotes: "cashtag-quotes"} {
		compareIDs(t, "kinesis "+stream, kinesisIDs(t, file.address(t, "kinesis"), theirs), want[stream], true)
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t); code != exitDone {
		t.Errorf("exit code %d after an interrupt, want %d", code, exitDone)
	}
}

// compareIDs wants got to hold each id of want once, or at least once where
// repeats are allowed, and no other.
func compareIDs(t *testing.T, where string, got, want []string, repeats bool) {
	t.Helper()
	count := make(map[string]int, len(got))
	for _, id := range got {
		count[id]++
	}
	faults := 0
	fault := func(id string, n int) {
		if faults++; faults <= 5 {
			t.Errorf("%s: event %s is there %d times", where, id, n)
		}
	}
	for _, id := range want {
		if n := count[id]; n == 0 || (n > 1 && !repeats) {
			fault(id, n)
		}
		delete(count, id)
	}
	for id, n := range count {
		fault(id+" (which nobody published)", n)
	}
	if faults > 5 {
		t.Errorf("%s: %d faults in all", where, faults)
	}
}

func mongoIDs(t *testing.T, uri, stream string) []string {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(context.WithoutCancel(t.Context())) }()
	collection := client.Database("cashtag").Collection(strings.ToLower(stream))
	cursor, err := collection.Find(t.Context(), bson.D{}, options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		t.Fatal(err)
	}
	var documents []struct {
		ID string `bson:"_id"`
	}
	if err := cursor.All(t.Context(), &documents); err != nil {
		t.Fatal(err)
	}
	ids := make([]string, 0, len(documents))
	for _, document := range documents {
		ids = append(ids, document.ID)
	}
	return ids
}

func kinesisIDs(t *testing.T, endpoint, stream string) []string {
	t.Helper()
	client := kinesis.New(kinesis.Options{
		BaseEndpoint: aws.String(endpoint), Region: standInRegion,
		Credentials: credentials.NewStaticCredentialsProvider("stand-in", "stand-in", ""),
	})
	shards, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: &stream})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, shard := range shards.Shards {
		start, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
			StreamName: &stream, ShardId: shard.ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			t.Fatal(err)
		}
		for iterator := start.ShardIterator; iterator != nil; {
			page, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: iterator})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, recordIDs(t, page.Records)...)
			iterator = page.NextShardIterator
			if len(page.Records) == 0 && aws.ToInt64(page.MillisBehindLatest) == 0 {
				break
			}
		}
	}
	return ids
}

func recordIDs(t *testing.T, records []types.Record) []string {
	t.Helper()
	ids := make([]string, 0, len(records))
	for _, record := range records {
		event, err := schemas.Decode(record.Data)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains([]schemas.Type{schemas.TypeTweet, schemas.TypeQuote}, event.Type) {
			t.Errorf("kinesis holds a %s", event.Type)
		}
		ids = append(ids, event.ID)
	}
	return ids
}

func archiveIDs(t *testing.T, file farEndsFile, stream string) []string {
	t.Helper()
	cfg := archive.DefaultConfig()
	cfg.Endpoint, cfg.Region, cfg.PathStyle = file.address(t, "s3"), standInRegion, true
	cfg.AccessKey, cfg.SecretKey = file.S3AccessKey, file.S3SecretKey
	store, err := archive.NewStore(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for line, err := range store.Read(t.Context(), stream) {
		if err != nil {
			t.Fatalf("read the archive of %s: %v", stream, err)
		}
		event, err := schemas.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, event.ID)
	}
	return ids
}
