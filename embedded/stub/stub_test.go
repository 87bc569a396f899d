package stub_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/stub"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

var keys = credentials.NewStaticCredentialsProvider("key", "secret", "")

func TestKinesis(t *testing.T) {
	const latency = 20 * time.Millisecond
	far, err := stub.Kinesis(latency)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(far.Close)
	client := kinesis.New(kinesis.Options{Region: "us-east-1", BaseEndpoint: aws.String(far.Endpoint()), Credentials: keys})
	described, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("s")})
	if err != nil || described.StreamDescriptionSummary.StreamStatus != kinesistypes.StreamStatusActive {
		t.Fatalf("describe: got %v, want an active stream", err)
	}
	total := 0
	// Sizes that put the mark of a record across the ends of the stub's buffer.
	for n := range 40 {
		count := 1 + n*7
		records := make([]kinesistypes.PutRecordsRequestEntry, count)
		for i := range records {
			records[i] = kinesistypes.PutRecordsRequestEntry{
				PartitionKey: aws.String(`key "PartitionKey" ` + strings.Repeat("k", n)),
				Data:         bytes.Repeat([]byte("PartitionKey"), 40+n+i%5),
			}
		}
		began := time.Now()
		out, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("s"), Records: records})
		if err != nil {
			t.Fatalf("put %d records: %v", count, err)
		}
		if len(out.Records) != count || aws.ToString(out.Records[count-1].SequenceNumber) == "" || *out.FailedRecordCount != 0 {
			t.Fatalf("got %d results, want %d with sequence numbers", len(out.Records), count)
		}
		if took := time.Since(began); took < latency {
			t.Errorf("got an answer after %s, want at least %s", took, latency)
		}
		total += count
	}
	if far.Events() != int64(total) || far.Calls() != 40 || far.Bytes() < int64(total*40*12) {
		t.Errorf("got %d events in %d calls of %d bytes, want %d in 40", far.Events(), far.Calls(), far.Bytes(), total)
	}
	_, err = client.ListStreams(t.Context(), &kinesis.ListStreamsInput{})
	if err == nil || !strings.Contains(err.Error(), "UnknownOperation") {
		t.Errorf("list: got %v, want that it is unknown", err)
	}
}

func TestMongo(t *testing.T) {
	far, err := stub.Mongo()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(far.Close)
	client, err := mongo.Connect(options.Client().ApplyURI(far.URI()).SetServerSelectionTimeout(5 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(t.Context()) })
	if err := client.Ping(t.Context(), nil); err != nil {
		t.Fatalf("ping: %v", err)
	}
	database := client.Database("d")
	collection := database.Collection("c")
	if _, err := collection.Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: bson.D{{Key: "a", Value: 1}}}); err != nil {
		t.Fatalf("create index: %v", err)
	}
	documents := make([]bson.D, 1234)
	for i := range documents {
		documents[i] = bson.D{{Key: "_id", Value: i}, {Key: "text", Value: strings.Repeat("x", i)}}
	}
	result, err := collection.InsertMany(t.Context(), documents, options.InsertMany().SetOrdered(false))
	if err != nil || len(result.InsertedIDs) != 1234 {
		t.Fatalf("insert: %v", err)
	}
	// The same in the body of the command instead of a sequence behind it.
	var reply struct{ N int }
	command := bson.D{{Key: "insert", Value: "c"}, {Key: "documents", Value: documents[:66]}}
	if err := database.RunCommand(t.Context(), command).Decode(&reply); err != nil || reply.N != 66 {
		t.Errorf("insert command: got %d, %v, want 66", reply.N, err)
	}
	if far.Events() != 1300 || far.Calls() != 2 || far.Bytes() < 1234*1234/2 {
		t.Errorf("got %d events in %d calls of %d bytes, want 1300 in 2", far.Events(), far.Calls(), far.Bytes())
	}
	if err := database.RunCommand(t.Context(), bson.D{{Key: "find", Value: "c"}}).Err(); err == nil || !strings.Contains(err.Error(), "no such command") {
		t.Errorf("find: got %v, want that it is unknown", err)
	}
}

func TestS3(t *testing.T) {
	far, err := stub.S3()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(far.Close)
	client := s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: aws.String(far.Endpoint()), Credentials: keys, UsePathStyle: true})
	bucket, small, large, parts := aws.String("b"), aws.String("a/small.json"), aws.String("large"), aws.String("parts")
	if _, err := client.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: bucket}); err != nil {
		t.Fatalf("head bucket: %v", err)
	}
	for key, size := range map[*string]int{small: 100, large: 3 << 20} {
		put, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: bytes.NewReader(make([]byte, size)), IfNoneMatch: aws.String("*")})
		if err != nil {
			t.Fatalf("put %s: %v", *key, err)
		}
		head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: key})
		if err != nil || *head.ContentLength != int64(size) || *head.ETag != *put.ETag {
			t.Errorf("head %s: got %v, want %d bytes and the tag of the put", *key, err, size)
		}
	}
	_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: small, Body: strings.NewReader("again"), IfNoneMatch: aws.String("*")})
	if err == nil || !strings.Contains(err.Error(), "PreconditionFailed") {
		t.Errorf("put again: got %v, want PreconditionFailed", err)
	}
	got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: small})
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	defer got.Body.Close()
	if body, err := io.ReadAll(got.Body); err != nil || len(body) != 100 {
		t.Errorf("get: got %d bytes, %v, want 100", len(body), err)
	}
	var missing *s3types.NoSuchKey
	if _, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("none")}); !errors.As(err, &missing) {
		t.Errorf("get none: got %v, want NoSuchKey", err)
	}
	manager := transfermanager.New(client)
	if _, err := manager.UploadObject(t.Context(), &transfermanager.UploadObjectInput{Bucket: bucket, Key: parts, Body: bytes.NewReader(make([]byte, 20<<20))}); err != nil {
		t.Fatalf("upload: %v", err)
	}
	head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: parts})
	if err != nil || *head.ContentLength != 20<<20 {
		t.Errorf("head parts: got %v, want 20 MiB", err)
	}
	if want := int64(100 + 3<<20 + 20<<20); far.Events() != 3 || far.Bytes() != want {
		t.Errorf("got %d objects of %d bytes, want 3 of %d", far.Events(), far.Bytes(), want)
	}
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: small}); err != nil {
		t.Errorf("delete: %v", err)
	}
	if _, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: small}); err == nil {
		t.Error("head after delete: got nil, want an error")
	}
}

func TestCloseEndsConnections(t *testing.T) {
	far, err := stub.Mongo()
	if err != nil {
		t.Fatal(err)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(far.URI()).SetServerSelectionTimeout(100 * time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(t.Context()) })
	if err := client.Ping(t.Context(), nil); err != nil {
		t.Fatalf("ping: %v", err)
	}
	far.Close()
	far.Close() // again is no harm
	if err := client.Ping(t.Context(), nil); err == nil {
		t.Error("ping after close: got nil, want an error")
	}
}

// FuzzMongoMessage throws bytes at the parser of messages through a connection.
func FuzzMongoMessage(f *testing.F) {
	far, err := stub.Mongo()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(far.Close)
	f.Add(must(bson.Marshal(bson.D{{Key: "insert", Value: "c"}, {Key: "documents", Value: bson.A{bson.D{}}}})), uint32(2013), uint32(0))
	f.Add([]byte{}, uint32(2013), uint32(1))
	f.Add([]byte("\xff\xff\xff\x7f"), uint32(2004), uint32(2))
	f.Fuzz(func(t *testing.T, body []byte, opcode, flags uint32) {
		_, _ = far.Answer(message(body, opcode, flags))
	})
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(fmt.Sprint(err))
	}
	return b
}

// message makes a message with a section of kind 0 in front of body, and one of
// kind 1 behind it.
func message(body []byte, opcode, flags uint32) []byte {
	out := make([]byte, 12)
	out = binary.LittleEndian.AppendUint32(out, opcode)
	out = binary.LittleEndian.AppendUint32(out, flags)
	out = append(append(out, 0), body...)
	return append(append(out, 1), body...)
}
