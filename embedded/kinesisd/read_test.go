package kinesisd_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/kinesisd"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func iterator(tb testing.TB, c *kinesis.Client, in kinesis.GetShardIteratorInput) *string {
	tb.Helper()
	if in.StreamName == nil && in.StreamARN == nil {
		in.StreamName = aws.String("tweets")
	}
	if in.ShardId == nil {
		in.ShardId = shardName(0)
	}
	out, err := c.GetShardIterator(tb.Context(), &in)
	if err != nil {
		tb.Fatalf("iterator %s: %v", in.ShardIteratorType, err)
	}
	return out.ShardIterator
}

func get(tb testing.TB, c *kinesis.Client, it *string, limit int32) *kinesis.GetRecordsOutput {
	tb.Helper()
	out, err := c.GetRecords(tb.Context(), &kinesis.GetRecordsInput{ShardIterator: it, Limit: &limit})
	if err != nil {
		tb.Fatalf("get records: %v", err)
	}
	return out
}

func wireData(records []types.Record) string {
	var all []string
	for _, r := range records {
		all = append(all, string(r.Data))
	}
	return strings.Join(all, " ")
}

// letters puts a, b, c ... into shard 0, the odd ones also into shard 1.
func letters(tb testing.TB, c *kinesis.Client, n int) *kinesis.PutRecordsOutput {
	tb.Helper()
	var all []types.PutRecordsRequestEntry
	for i := range n {
		e := entry("k", string(rune('a'+i)))
		e.ExplicitHashKey = aws.String("0")
		all = append(all, e)
	}
	return putAll(tb, c, "tweets", all...)
}

func TestIteratorTypes(t *testing.T) {
	s, c := start(t)
	create(t, c, "tweets", 2)
	put := letters(t, c, 5)
	stored, err := s.Records(t.Context(), "tweets")
	if err != nil {
		t.Fatalf("records: %v", err)
	}
	second := put.Records[1].SequenceNumber
	shards, err := c.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String("tweets")})
	if err != nil {
		t.Fatalf("list shards: %v", err)
	}
	cases := []struct {
		name string
		in   kinesis.GetShardIteratorInput
		want string
	}{
		{"oldest", kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeTrimHorizon}, "a b c d e"},
		{"by arn", kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeTrimHorizon, StreamARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/tweets")}, "a b c d e"},
		{"other shard", kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeTrimHorizon, ShardId: shardName(1)}, ""},
		{"newest", kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeLatest}, ""},
		{"at sequence number", kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: second}, "b c d e"},
		{"after sequence number", kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAfterSequenceNumber, StartingSequenceNumber: second}, "c d e"},
		{"at start of shard", kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: shards.Shards[0].SequenceNumberRange.StartingSequenceNumber}, "a b c d e"},
		{"at time before", kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: aws.Time(stored[0].ArrivalTime.Add(-time.Minute))}, "a b c d e"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			out := get(t, c, iterator(t, c, tc.in), 100)
			if got := wireData(out.Records); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if got := aws.ToInt64(out.MillisBehindLatest); got != 0 {
				t.Errorf("behind: got %d ms, want 0", got)
			}
		})
	}
}

func TestAtTimestampSkipsOlderRecords(t *testing.T) {
	s, c := start(t)
	create(t, c, "tweets", 1)
	letters(t, c, 2)
	stored, err := s.Records(t.Context(), "tweets")
	if err != nil {
		t.Fatalf("records: %v", err)
	}
	// The wire has milliseconds: look from the first one after the last record.
	from := stored[1].ArrivalTime.Truncate(time.Millisecond).Add(time.Millisecond)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(from) {
		<-tick.C
	}
	it := iterator(t, c, kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: &from})
	if got := wireData(get(t, c, it, 100).Records); got != "" {
		t.Errorf("before the put: got %q, want nothing", got)
	}
	putAll(t, c, "tweets", entry("k", "z"))
	if got, want := wireData(get(t, c, it, 100).Records), "z"; got != want {
		t.Errorf("after the put: got %q, want %q", got, want)
	}
}

func TestGetRecordsPages(t *testing.T) {
	_, c := start(t)
	create(t, c, "tweets", 2)
	letters(t, c, 7)
	it := iterator(t, c, kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	for i, want := range []string{"a b c", "d e f", "g", ""} {
		out := get(t, c, it, 3)
		if got := wireData(out.Records); got != want {
			t.Errorf("page %d: got %q, want %q", i, got, want)
		}
		if got, want := aws.ToInt64(out.MillisBehindLatest) > 0, i < 2; got != want {
			t.Errorf("page %d behind: got %t, want %t", i, got, want)
		}
		for _, r := range out.Records {
			if age := time.Since(aws.ToTime(r.ApproximateArrivalTimestamp)); age < 0 || age > time.Minute {
				t.Errorf("page %d arrival: got %s ago", i, age)
			}
			if got := aws.ToString(r.PartitionKey); got != "k" {
				t.Errorf("page %d key: got %q, want k", i, got)
			}
		}
		it = out.NextShardIterator
	}
	latest := iterator(t, c, kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeLatest})
	e := entry("k", "z")
	e.ExplicitHashKey = aws.String("0")
	putAll(t, c, "tweets", e)
	for name, it := range map[string]*string{"next": it, "latest": latest, "one": latest} {
		if got, want := wireData(get(t, c, it, 1).Records), "z"; got != want {
			t.Errorf("%s after one more: got %q, want %q", name, got, want)
		}
	}
}

func TestGetRecordsIsBoundInBytes(t *testing.T) {
	s, c := start(t)
	create(t, c, "tweets", 1)
	const n = 15
	for i := range n {
		putAll(t, c, "tweets", entry(fmt.Sprintf("%02d", i), strings.Repeat("x", 1<<20-2)))
	}
	it := iterator(t, c, kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	total := 0
	for total < n {
		out := get(t, c, it, 10000)
		if got := len(out.Records); got < 1 || got > 10 {
			t.Fatalf("records of 1 MiB in an answer: got %d, want 1 to 10", got)
		}
		total += len(out.Records)
		it = out.NextShardIterator
	}
	all, err := s.Records(t.Context(), "tweets")
	if err != nil || len(all) != n {
		t.Errorf("records: got %d, %v, want %d", len(all), err, n)
	}
}

func TestReadErrors(t *testing.T) {
	var mu sync.Mutex
	ahead := time.Duration(0)
	_, c := start(t, func(cfg *kinesisd.Config) {
		cfg.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return time.Now().Add(ahead) }
	})
	create(t, c, "tweets", 2)
	create(t, c, "other", 1)
	put := letters(t, c, 1)
	other := putAll(t, c, "other", entry("k", "x"))
	gone := iterator(t, c, kinesis.GetShardIteratorInput{StreamName: aws.String("other"), ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	old := iterator(t, c, kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	if _, err := c.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String("other")}); err != nil {
		t.Fatalf("delete: %v", err)
	}
	iterators := []struct {
		name, want string
		in         kinesis.GetShardIteratorInput
	}{
		{"unknown stream", "ResourceNotFoundException", kinesis.GetShardIteratorInput{StreamName: aws.String("none"), ShardId: shardName(0), ShardIteratorType: "LATEST"}},
		{"unknown shard", "ResourceNotFoundException", kinesis.GetShardIteratorInput{ShardId: shardName(2), ShardIteratorType: "LATEST"}},
		{"odd shard", "ResourceNotFoundException", kinesis.GetShardIteratorInput{ShardId: aws.String("0"), ShardIteratorType: "LATEST"}},
		{"unknown type", "ValidationException", kinesis.GetShardIteratorInput{ShardId: shardName(0), ShardIteratorType: "OLDEST"}},
		{"no sequence number", "InvalidArgumentException", kinesis.GetShardIteratorInput{ShardId: shardName(0), ShardIteratorType: "AT_SEQUENCE_NUMBER"}},
		{"sequence number of another shard", "InvalidArgumentException", kinesis.GetShardIteratorInput{ShardId: shardName(1), ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: put.Records[0].SequenceNumber}},
		{"sequence number of another stream", "InvalidArgumentException", kinesis.GetShardIteratorInput{ShardId: shardName(0), ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: other.Records[0].SequenceNumber}},
		{"no time", "InvalidArgumentException", kinesis.GetShardIteratorInput{ShardId: shardName(0), ShardIteratorType: "AT_TIMESTAMP"}},
		{"time to come", "InvalidArgumentException", kinesis.GetShardIteratorInput{ShardId: shardName(0), ShardIteratorType: "AT_TIMESTAMP", Timestamp: aws.Time(time.Now().Add(time.Hour))}},
	}
	for _, tc := range iterators {
		t.Run("iterator/"+tc.name, func(t *testing.T) {
			if tc.in.StreamName == nil {
				tc.in.StreamName = aws.String("tweets")
			}
			_, err := c.GetShardIterator(t.Context(), &tc.in)
			if got := codeOf(err); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	records := []struct {
		name, want string
		iterator   *string
		limit      int32
		ahead      time.Duration
	}{
		{"no iterator of ours", "InvalidArgumentException", aws.String("AAAA"), 1, 0},
		{"no base64", "InvalidArgumentException", aws.String("???"), 1, 0},
		{"stream deleted", "ResourceNotFoundException", gone, 1, 0},
		{"limit 0", "ValidationException", old, 0, 0},
		{"limit 10001", "ValidationException", old, 10001, 0},
		{"still good", "<nil>", old, 1, 4 * time.Minute},
		{"expired", "ExpiredIteratorException", old, 1, 6 * time.Minute},
	}
	for _, tc := range records {
		t.Run("records/"+tc.name, func(t *testing.T) {
			mu.Lock()
			ahead = tc.ahead
			mu.Unlock()
			_, err := c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: tc.iterator, Limit: &tc.limit})
			if got := codeOf(err); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestRecordsOfUnknownStream(t *testing.T) {
	s, _ := start(t)
	if _, err := s.Records(t.Context(), "none"); err == nil || !strings.Contains(err.Error(), "Stream none under account") {
		t.Errorf("got %v, want that the stream is not found", err)
	}
}
