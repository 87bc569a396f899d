package kinesisd_test

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"math/big"
	"strconv"
	"testing"

	"cashtag/embedded/kinesisd"
	"cashtag/embedded/kinesisd/kinesisdtest"
	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
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
		entries[i] = entry(fmt.Sprintf("KEY%d", i%17), strconv.Itoa(i))
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
		answers[*r.SequenceNumber] = strconv.Itoa(i)
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
