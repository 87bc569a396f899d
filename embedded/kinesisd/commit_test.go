package kinesisd_test

import (
	"fmt"
	"sync"
	"testing"

	"cashtag/embedded/kinesisd"
	"cashtag/embedded/kinesisd/kinesisdtest"
	"cashtag/embedded/natsd/natsdtest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/nats-io/nats.go/jetstream"
)

func TestConcurrentPutsKeepOrderOfEach(t *testing.T) {
	const writers, calls, size = 8, 20, 25
	s, c := start(t)
	create(t, c, "tweets", 2)
	var wg sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]string{}
	for w := range writers {
		wg.Go(func() {
			for call := range calls {
				entries := make([]types.PutRecordsRequestEntry, size)
				for i := range entries {
					entries[i] = entry(fmt.Sprintf("w%d", w), fmt.Sprintf("%04d", call*size+i))
				}
				out, err := c.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("tweets"), Records: entries})
				if err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
				mu.Lock()
				for i, r := range out.Records {
					answers[aws.ToString(r.SequenceNumber)] = *entries[i].PartitionKey + string(entries[i].Data)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	records, err := s.Records(t.Context(), "tweets")
	if err != nil {
		t.Fatalf("records: %v", err)
	}
	if got, want := len(records), writers*calls*size; got != want {
		t.Fatalf("records: got %d, want %d", got, want)
	}
	for _, r := range records {
		if got, want := r.PartitionKey+string(r.Data), answers[r.SequenceNumber]; got != want {
			t.Fatalf("record %s: got %q, want %q", r.SequenceNumber, got, want)
		}
	}
	next := map[string]int{}
	for _, r := range records {
		if want := fmt.Sprintf("%04d", next[r.PartitionKey]); string(r.Data) != want {
			t.Fatalf("key %s: got %s, want %s", r.PartitionKey, r.Data, want)
		}
		next[r.PartitionKey]++
	}
}

func TestPutIntoAStreamDeletedMeanwhile(t *testing.T) {
	s, c := start(t)
	create(t, c, "tweets", 1)
	reached, resume := make(chan struct{}), make(chan struct{})
	s.SetFaults(kinesisd.Faults{Record: func(string, int, kinesisd.Record) string {
		close(reached)
		<-resume
		return ""
	}})
	put := make(chan error, 1)
	go func() {
		_, err := c.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("tweets"), PartitionKey: aws.String("k"), Data: []byte("x")})
		put <- err
	}()
	<-reached
	if _, err := c.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String("tweets")}); err != nil {
		t.Errorf("delete: %v", err)
	}
	close(resume)
	if got, want := codeOf(<-put), "ResourceNotFoundException"; got != want {
		t.Errorf("put: got %s, want %s", got, want)
	}
}

func TestAnswerMeansStored(t *testing.T) {
	nats := natsdtest.Start(t)
	c := newClient(kinesisdtest.StartOn(t, nats))
	create(t, c, "tweets", 1)
	nc, err := nats.ConnectKinesis()
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatalf("jetstream: %v", err)
	}
	if err := js.DeleteStream(t.Context(), "tweets"); err != nil {
		t.Fatalf("take the store away: %v", err)
	}
	for _, n := range []int{1, 3} {
		entries := make([]types.PutRecordsRequestEntry, n)
		for i := range entries {
			entries[i] = entry("k", "x")
		}
		_, err := c.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("tweets"), Records: entries})
		if got, want := codeOf(err), "InternalFailure"; got != want {
			t.Errorf("put of %d without a store: got %s, want %s", n, got, want)
		}
	}
}
