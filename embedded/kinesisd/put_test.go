package kinesisd_test

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/nats-io/nats.go/jetstream"

	"cashtag/embedded/kinesisd"
	"cashtag/embedded/kinesisd/kinesisdtest"
	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
)

// wantShard places a key as the service's documentation says, by MD5.
func wantShard(key string, shards int64) string {
	sum := md5.Sum([]byte(key))
	width := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(shards))
	i := new(big.Int).Div(new(big.Int).SetBytes(sum[:]), width).Int64()
	return fmt.Sprintf("shardId-%012d", min(i, shards-1))
}

func TestPutRecordsKeepsOrderWithinShard(t *testing.T) {
	const shards, n = 3, 500
	s, c := start(t)
	create(t, c, "tweets", shards)
	entries := make([]types.PutRecordsRequestEntry, n)
	for i := range entries {
		entries[i] = entry(fmt.Sprintf("KEY%d", i%17), fmt.Sprint(i))
	}
	out := putAll(t, c, "tweets", entries...)
	if got := aws.ToInt32(out.FailedRecordCount); got != 0 {
		t.Fatalf("failed records: got %d, want 0", got)
	}
	last := map[string]string{}
	for i, r := range out.Records {
		if got, want := aws.ToString(r.ShardId), wantShard(*entries[i].PartitionKey, shards); got != want {
			t.Fatalf("shard of %s: got %s, want %s", *entries[i].PartitionKey, got, want)
		}
		seq := aws.ToString(r.SequenceNumber)
		if len(seq) != 56 || seq <= last[*r.ShardId] {
			t.Fatalf("sequence number %d: got %q after %q, want 56 digits and more", i, seq, last[*r.ShardId])
		}
		last[*r.ShardId] = seq
	}
	if len(last) != shards {
		t.Fatalf("shards used: got %d, want %d", len(last), shards)
	}
	records, err := s.Records(t.Context(), "tweets")
	if err != nil {
		t.Fatalf("records: %v", err)
	}
	if len(records) != n {
		t.Fatalf("records: got %d, want %d", len(records), n)
	}
	answers := map[string]string{}
	for i, r := range out.Records {
		answers[*r.SequenceNumber] = fmt.Sprint(i)
	}
	var before kinesisd.Record
	for _, r := range records {
		if want := answers[r.SequenceNumber]; string(r.Data) != want {
			t.Errorf("record %s: got %q, want %q", r.SequenceNumber, r.Data, want)
		}
		if r.Shard < before.Shard || r.Shard == before.Shard && r.SequenceNumber <= before.SequenceNumber {
			t.Errorf("order: got %s %s after %s %s", r.Shard, r.SequenceNumber, before.Shard, before.SequenceNumber)
		}
		before = r
	}
}

func TestPutRecord(t *testing.T) {
	s, c := start(t)
	create(t, c, "tweets", 2)
	top := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1)).String()
	odd := "a\nkey: \"with\" everything é"
	cases := []struct {
		name string
		in   kinesis.PutRecordInput
		want string
	}{
		{"by name", kinesis.PutRecordInput{StreamName: aws.String("tweets"), PartitionKey: aws.String("AAPL"), Data: []byte("1")}, wantShard("AAPL", 2)},
		{"by arn", kinesis.PutRecordInput{StreamARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/tweets"), PartitionKey: aws.String("MSFT"), Data: []byte("2")}, wantShard("MSFT", 2)},
		{"any key", kinesis.PutRecordInput{StreamName: aws.String("tweets"), PartitionKey: &odd, Data: []byte("3")}, wantShard(odd, 2)},
		{"lowest hash key", kinesis.PutRecordInput{StreamName: aws.String("tweets"), PartitionKey: aws.String("AAPL"), ExplicitHashKey: aws.String("0"), Data: []byte("4")}, *shardName(0)},
		{"highest hash key", kinesis.PutRecordInput{StreamName: aws.String("tweets"), PartitionKey: aws.String("AAPL"), ExplicitHashKey: &top, Data: []byte("5")}, *shardName(1)},
		{"empty data", kinesis.PutRecordInput{StreamName: aws.String("tweets"), PartitionKey: aws.String("AAPL"), Data: []byte{}}, wantShard("AAPL", 2)},
		{"largest record", kinesis.PutRecordInput{StreamName: aws.String("tweets"), PartitionKey: aws.String("k"), Data: make([]byte, 1<<20-1)}, wantShard("k", 2)},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			out, err := c.PutRecord(t.Context(), &tc.in)
			if err != nil {
				t.Fatalf("put: %v", err)
			}
			if got := aws.ToString(out.ShardId); got != tc.want {
				t.Errorf("shard: got %s, want %s", got, tc.want)
			}
			records, err := s.Records(t.Context(), "tweets")
			if err != nil {
				t.Fatalf("records: %v", err)
			}
			for _, r := range records {
				if r.SequenceNumber == aws.ToString(out.SequenceNumber) {
					if r.PartitionKey != *tc.in.PartitionKey || !bytes.Equal(r.Data, tc.in.Data) || r.Shard != tc.want {
						t.Errorf("record: got %s %q and %d bytes, want %s %q and %d bytes",
							r.Shard, r.PartitionKey, len(r.Data), tc.want, *tc.in.PartitionKey, len(tc.in.Data))
					}
					return
				}
			}
			t.Errorf("record %s: not stored", aws.ToString(out.SequenceNumber))
		})
	}
}

func TestPutRecordsRefusesTheWholeCall(t *testing.T) {
	s, c := start(t)
	create(t, c, "tweets", 1)
	many := func(n, size int) []types.PutRecordsRequestEntry {
		all := make([]types.PutRecordsRequestEntry, n)
		for i := range all {
			all[i] = entry("k", strings.Repeat("x", size))
		}
		return all
	}
	hash := func(s string) []types.PutRecordsRequestEntry {
		e := entry("k", "x")
		e.ExplicitHashKey = &s
		return []types.PutRecordsRequestEntry{entry("k", "x"), e}
	}
	cases := []struct {
		name, stream, want string
		records            []types.PutRecordsRequestEntry
	}{
		{"no stream of that name", "quotes", "ResourceNotFoundException", many(1, 1)},
		{"501 records", "tweets", "ValidationException", many(501, 1)},
		{"no records", "tweets", "ValidationException", many(0, 1)},
		{"more than 5 MiB", "tweets", "InvalidArgumentException", append(many(5, 1<<20-1), entry("k", ""))},
		{"a record above 1 MiB", "tweets", "ValidationException", many(1, 1<<20+1)},
		{"a record above 1 MiB with its key", "tweets", "InvalidArgumentException", many(1, 1<<20)},
		{"long key", "tweets", "ValidationException", []types.PutRecordsRequestEntry{entry(strings.Repeat("é", 257), "x")}},
		{"empty key", "tweets", "ValidationException", []types.PutRecordsRequestEntry{entry("", "x")}},
		{"hash key too high", "tweets", "InvalidArgumentException", hash("340282366920938463463374607431768211456")},
		{"hash key no number", "tweets", "InvalidArgumentException", hash("1e3")},
		{"body above 10 MiB", "tweets", "RequestEntityTooLargeException", many(9, 1<<20-1)},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			_, err := c.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: &tc.stream, Records: tc.records})
			if got := codeOf(err); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	if records, err := s.Records(t.Context(), "tweets"); err != nil || len(records) != 0 {
		t.Errorf("stored by refused calls: got %d, %v, want none", len(records), err)
	}
	putAll(t, c, "tweets", many(5, 1<<20-1)...)
	putAll(t, c, "tweets", many(500, 1)...)
	putAll(t, c, "tweets", entry(strings.Repeat("é", 256), "x"))
}

func TestShardLimits(t *testing.T) {
	type step struct {
		after         time.Duration
		records, size int
		wantFailed    int32
	}
	cases := []struct {
		name  string
		on    bool
		steps []step
	}{
		{"records", true, []step{{0, 500, 1, 0}, {0, 500, 1, 0}, {0, 500, 1, 500}, {100 * time.Millisecond, 500, 1, 400}, {time.Second, 500, 1, 0}}},
		{"bytes", true, []step{{0, 3, 1<<19 - 1, 1}, {500 * time.Millisecond, 3, 1<<19 - 1, 2}, {time.Second, 1, 1<<20 - 1, 0}}},
		{"off", false, []step{{0, 500, 1, 0}, {0, 500, 1, 0}, {0, 500, 1, 0}, {0, 5, 1 << 19, 0}}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var mu sync.Mutex
			now := time.Date(2026, 3, 2, 14, 30, 0, 0, time.UTC)
			_, c := start(t, func(cfg *kinesisd.Config) {
				cfg.EnforceShardLimits = tc.on
				cfg.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
			})
			create(t, c, "tweets", 1)
			for i, st := range tc.steps {
				mu.Lock()
				now = now.Add(st.after)
				mu.Unlock()
				entries := make([]types.PutRecordsRequestEntry, st.records)
				for j := range entries {
					entries[j] = entry("k", strings.Repeat("x", st.size))
				}
				out := putAll(t, c, "tweets", entries...)
				if got := aws.ToInt32(out.FailedRecordCount); got != st.wantFailed {
					t.Errorf("step %d failed records: got %d, want %d", i, got, st.wantFailed)
				}
				for _, r := range out.Records {
					failed := r.ErrorCode != nil
					if failed == (r.SequenceNumber != nil) {
						t.Fatalf("step %d: got code %q and sequence number %q, want one of them", i, aws.ToString(r.ErrorCode), aws.ToString(r.SequenceNumber))
					}
					if failed && *r.ErrorCode != "ProvisionedThroughputExceededException" {
						t.Fatalf("step %d code: got %q", i, *r.ErrorCode)
					}
				}
			}
		})
	}
}

func TestPutRecordIsThrottledAsACall(t *testing.T) {
	_, c := start(t, func(cfg *kinesisd.Config) {
		cfg.EnforceShardLimits = true
		cfg.Now = func() time.Time { return time.UnixMilli(1) }
	})
	create(t, c, "tweets", 1)
	in := &kinesis.PutRecordInput{StreamName: aws.String("tweets"), PartitionKey: aws.String("k"), Data: make([]byte, 1<<20-1)}
	if _, err := c.PutRecord(t.Context(), in); err != nil {
		t.Fatalf("first put: %v", err)
	}
	_, err := c.PutRecord(t.Context(), in)
	var throttled *types.ProvisionedThroughputExceededException
	if !errors.As(err, &throttled) {
		t.Errorf("second put: got %v, want %T", err, throttled)
	}
}

func TestRecordFaultsFailInPart(t *testing.T) {
	s, c := start(t)
	create(t, c, "tweets", 2)
	s.SetFaults(kinesisd.Faults{Record: func(stream string, i int, rec kinesisd.Record) string {
		switch {
		case stream != "tweets" || rec.Shard == "":
			return "WrongArguments"
		case i == 1:
			return "InternalFailure"
		case string(rec.Data) == "d" && rec.PartitionKey == "AAPL":
			return "ProvisionedThroughputExceededException"
		}
		return ""
	}})
	out := putAll(t, c, "tweets", entry("AAPL", "a"), entry("AAPL", "b"), entry("AAPL", "c"), entry("AAPL", "d"), entry("AAPL", "e"))
	var codes []string
	for _, r := range out.Records {
		codes = append(codes, aws.ToString(r.ErrorCode))
	}
	if got, want := fmt.Sprintf("%q", codes), `["" "InternalFailure" "" "ProvisionedThroughputExceededException" ""]`; got != want {
		t.Errorf("codes: got %s, want %s", got, want)
	}
	if got, want := aws.ToInt32(out.FailedRecordCount), int32(2); got != want {
		t.Errorf("failed: got %d, want %d", got, want)
	}
	records, err := s.Records(t.Context(), "tweets")
	if err != nil {
		t.Fatalf("records: %v", err)
	}
	if got, want := dataOf(records), "a c e"; got != want {
		t.Errorf("stored: got %q, want %q", got, want)
	}
	for i, j := range []int{0, 2, 4} {
		if got, want := records[i].SequenceNumber, aws.ToString(out.Records[j].SequenceNumber); got != want {
			t.Errorf("sequence number of %d: got %s, want %s", j, got, want)
		}
	}
	s.SetFaults(kinesisd.Faults{Record: func(string, int, kinesisd.Record) string { return "InternalFailure" }})
	if got, want := aws.ToInt32(putAll(t, c, "tweets", entry("k", "f")).FailedRecordCount), int32(1); got != want {
		t.Errorf("failed when all fail: got %d, want %d", got, want)
	}
	_, err = c.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("tweets"), PartitionKey: aws.String("k"), Data: []byte("g")})
	if got, want := codeOf(err), "InternalFailure"; got != want {
		t.Errorf("put record: got %s, want %s", got, want)
	}
}

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

func TestDeleteWhilePutting(t *testing.T) {
	_, c := start(t)
	create(t, c, "tweets", 1)
	stored := make(chan struct{})
	var once sync.Once
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			defer once.Do(func() { close(stored) })
			for {
				_, err := c.PutRecords(t.Context(), &kinesis.PutRecordsInput{
					StreamName: aws.String("tweets"), Records: []types.PutRecordsRequestEntry{entry("k", "a"), entry("k", "b")},
				})
				switch got := codeOf(err); got {
				case "<nil>":
					once.Do(func() { close(stored) })
				case "ResourceNotFoundException":
					return
				default:
					t.Errorf("put: got %s, want success or ResourceNotFoundException", got)
					return
				}
			}
		})
	}
	<-stored
	if _, err := c.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String("tweets")}); err != nil {
		t.Errorf("delete: %v", err)
	}
	wg.Wait()
}

func TestRestartKeepsRecords(t *testing.T) {
	dir := t.TempDir()
	inDir := func(c *natsd.Config) { c.Dir = dir }
	nats := natsdtest.Start(t, inDir)
	s := kinesisdtest.StartOn(t, nats)
	c := newClient(s)
	create(t, c, "tweets.eu", 2)
	first := putAll(t, c, "tweets.eu", entry("AAPL", "a"), entry("AAPL", "b"))
	s.Close()
	s.Close()
	nats.Close()

	s = kinesisdtest.StartOn(t, natsdtest.Start(t, inDir))
	c = newClient(s)
	second := putAll(t, c, "tweets.eu", entry("AAPL", "c"))
	if got, want := aws.ToString(second.Records[0].SequenceNumber), aws.ToString(first.Records[1].SequenceNumber); got <= want {
		t.Errorf("sequence number after restart: got %s, want more than %s", got, want)
	}
	records, err := s.Records(t.Context(), "tweets.eu")
	if err != nil {
		t.Fatalf("records: %v", err)
	}
	if got, want := dataOf(records), "a b c"; got != want {
		t.Errorf("records: got %q, want %q", got, want)
	}
	if got, want := records[0].SequenceNumber, aws.ToString(first.Records[0].SequenceNumber); got != want {
		t.Errorf("first sequence number: got %s, want %s", got, want)
	}
	out, err := c.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("tweets.eu")})
	if err != nil {
		t.Fatalf("describe: %v", err)
	}
	if got, want := aws.ToInt32(out.StreamDescriptionSummary.OpenShardCount), int32(2); got != want {
		t.Errorf("shards: got %d, want %d", got, want)
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

func BenchmarkPutRecords(b *testing.B) {
	for _, writers := range []int{1, 4} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			_, c := start(b)
			create(b, c, "tweets", 4)
			entries := make([]types.PutRecordsRequestEntry, 500)
			for i := range entries {
				entries[i] = entry(fmt.Sprintf("KEY%d", i%100), strings.Repeat("x", 600))
			}
			calls := make(chan struct{})
			var wg sync.WaitGroup
			b.ResetTimer()
			for range writers {
				wg.Go(func() {
					for range calls {
						out, err := c.PutRecords(b.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("tweets"), Records: entries})
						if err != nil || aws.ToInt32(out.FailedRecordCount) != 0 {
							b.Errorf("put: %v", err)
						}
					}
				})
			}
			for range b.N {
				calls <- struct{}{}
			}
			close(calls)
			wg.Wait()
			b.ReportMetric(float64(b.N*len(entries))/b.Elapsed().Seconds(), "records/s")
		})
	}
}
