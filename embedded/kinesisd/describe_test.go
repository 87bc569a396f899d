package kinesisd_test

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/kinesisd"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func TestStreamLife(t *testing.T) {
	_, c := start(t)
	before := time.Now().Add(-time.Second)
	create(t, c, "tweets", 3)
	described, err := c.DescribeStream(t.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String("tweets")})
	if err != nil {
		t.Fatalf("describe: %v", err)
	}
	d := described.StreamDescription
	if got, want := fmt.Sprint(*d.StreamName, " ", d.StreamStatus, " ", *d.RetentionPeriodHours, " ", d.StreamModeDetails.StreamMode, " ", len(d.Shards), " ", *d.HasMoreShards),
		"tweets ACTIVE 24 PROVISIONED 3 false"; got != want {
		t.Errorf("description: got %q, want %q", got, want)
	}
	if got := aws.ToTime(d.StreamCreationTimestamp); got.Before(before) || got.After(time.Now()) {
		t.Errorf("created: got %s, want now", got)
	}
	summary, err := c.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamARN: d.StreamARN})
	if err != nil {
		t.Fatalf("describe summary by %s: %v", *d.StreamARN, err)
	}
	if got, want := aws.ToInt32(summary.StreamDescriptionSummary.OpenShardCount), int32(3); got != want {
		t.Errorf("open shards: got %d, want %d", got, want)
	}
	waiter := kinesis.NewStreamExistsWaiter(c)
	if err := waiter.Wait(t.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String("tweets")}, time.Second); err != nil {
		t.Errorf("wait until it exists: %v", err)
	}
	_, err = c.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("tweets"), ShardCount: aws.Int32(1)})
	if got, want := codeOf(err), "ResourceInUseException"; got != want {
		t.Errorf("create twice: got %s, want %s", got, want)
	}
	putAll(t, c, "tweets", entry("k", "old"))
	if _, err := c.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamARN: d.StreamARN}); err != nil {
		t.Fatalf("delete: %v", err)
	}
	_, err = c.DescribeStream(t.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String("tweets")})
	if got, want := codeOf(err), "ResourceNotFoundException"; got != want {
		t.Errorf("describe after delete: got %s, want %s", got, want)
	}
	create(t, c, "tweets", 1)
	it := iterator(t, c, kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	if got := wireData(get(t, c, it, 10).Records); got != "" {
		t.Errorf("records of the new stream: got %q, want none", got)
	}
}

func TestCreateStream(t *testing.T) {
	_, c := start(t)
	onDemand := &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}
	cases := []struct {
		name, want string
		in         kinesis.CreateStreamInput
	}{
		{"on demand", "<nil>", kinesis.CreateStreamInput{StreamName: aws.String("on-demand_1"), StreamModeDetails: onDemand}},
		{"on demand with shards", "ValidationException", kinesis.CreateStreamInput{StreamName: aws.String("a"), StreamModeDetails: onDemand, ShardCount: aws.Int32(1)}},
		{"dots", "<nil>", kinesis.CreateStreamInput{StreamName: aws.String("a.b"), ShardCount: aws.Int32(1)}},
		{"underscore for dot", "<nil>", kinesis.CreateStreamInput{StreamName: aws.String("a_b"), ShardCount: aws.Int32(1)}},
		{"longest name", "<nil>", kinesis.CreateStreamInput{StreamName: aws.String(strings.Repeat(".", 128)), ShardCount: aws.Int32(1)}},
		{"too long a name", "ValidationException", kinesis.CreateStreamInput{StreamName: aws.String(strings.Repeat("a", 129)), ShardCount: aws.Int32(1)}},
		{"tilde", "ValidationException", kinesis.CreateStreamInput{StreamName: aws.String("a~b"), ShardCount: aws.Int32(1)}},
		{"no shards", "ValidationException", kinesis.CreateStreamInput{StreamName: aws.String("a")}},
		{"0 shards", "ValidationException", kinesis.CreateStreamInput{StreamName: aws.String("a"), ShardCount: aws.Int32(0)}},
		{"501 shards", "LimitExceededException", kinesis.CreateStreamInput{StreamName: aws.String("a"), ShardCount: aws.Int32(501)}},
		{"unknown mode", "ValidationException", kinesis.CreateStreamInput{StreamName: aws.String("a"), StreamModeDetails: &types.StreamModeDetails{StreamMode: "X"}}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			_, err := c.CreateStream(t.Context(), &tc.in)
			if got := codeOf(err); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	out, err := c.DescribeStream(t.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String("on-demand_1")})
	if err != nil {
		t.Fatalf("describe: %v", err)
	}
	if got, want := fmt.Sprint(out.StreamDescription.StreamModeDetails.StreamMode, len(out.StreamDescription.Shards)), "ON_DEMAND4"; got != want {
		t.Errorf("on demand: got %s, want %s", got, want)
	}
}

func TestCreateWithoutRoom(t *testing.T) {
	_, c := start(t, func(cfg *kinesisd.Config) { cfg.MaxBytes = 20 << 30 })
	create(t, c, "first", 1)
	_, err := c.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("second"), ShardCount: aws.Int32(1)})
	if got, want := codeOf(err), "LimitExceededException"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestShardsCoverTheHashSpace(t *testing.T) {
	_, c := start(t)
	for _, n := range []int32{1, 2, 3, 7, 500} {
		t.Run(strconv.Itoa(int(n)), func(t *testing.T) {
			name := fmt.Sprintf("s%d", n)
			create(t, c, name, n)
			out, err := c.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: &name})
			if err != nil {
				t.Fatalf("list shards: %v", err)
			}
			if got := int32(len(out.Shards)); got != n {
				t.Fatalf("shards: got %d, want %d", got, n)
			}
			next := new(big.Int)
			for i, sh := range out.Shards {
				if got, want := aws.ToString(sh.ShardId), *shardName(i); got != want {
					t.Errorf("shard id: got %s, want %s", got, want)
				}
				if got, want := aws.ToString(sh.HashKeyRange.StartingHashKey), next.String(); got != want {
					t.Errorf("shard %d starts: got %s, want %s", i, got, want)
				}
				next.SetString(aws.ToString(sh.HashKeyRange.EndingHashKey), 10)
				next.Add(next, big.NewInt(1))
			}
			if want := new(big.Int).Lsh(big.NewInt(1), 128); next.Cmp(want) != 0 {
				t.Errorf("end of the last shard: got %s, want %s", next, want)
			}
		})
	}
}

func TestListShardsPages(t *testing.T) {
	var mu sync.Mutex
	ahead := time.Duration(0)
	_, c := start(t, func(cfg *kinesisd.Config) {
		cfg.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return time.Now().Add(ahead) }
	})
	create(t, c, "tweets", 7)
	ids := func(shards []types.Shard) (all []string) {
		for _, sh := range shards {
			all = append(all, strings.TrimLeft(strings.TrimPrefix(*sh.ShardId, "shardId-"), "0"))
		}
		return all
	}
	in := &kinesis.ListShardsInput{StreamName: aws.String("tweets"), MaxResults: aws.Int32(3)}
	var token *string
	for i, want := range []string{"[ 1 2]", "[3 4 5]", "[6]"} {
		out, err := c.ListShards(t.Context(), in)
		if err != nil {
			t.Fatalf("page %d: %v", i, err)
		}
		if got := fmt.Sprint(ids(out.Shards)); got != want {
			t.Errorf("page %d: got %s, want %s", i, got, want)
		}
		if got, want := out.NextToken != nil, i < 2; got != want {
			t.Errorf("page %d token: got %t, want %t", i, got, want)
		}
		if token == nil {
			token = out.NextToken
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken, MaxResults: aws.Int32(3)}
	}
	cases := []struct {
		name, want string
		in         kinesis.ListShardsInput
		ahead      time.Duration
	}{
		{"exclusive start", "[6]", kinesis.ListShardsInput{StreamName: aws.String("tweets"), ExclusiveStartShardId: shardName(5)}, 0},
		{"filter", "[6]", kinesis.ListShardsInput{StreamName: aws.String("tweets"), ShardFilter: &types.ShardFilter{Type: "AFTER_SHARD_ID", ShardId: shardName(5)}}, 0},
		{"filter open shards", "[ 1 2 3 4 5 6]", kinesis.ListShardsInput{StreamName: aws.String("tweets"), ShardFilter: &types.ShardFilter{Type: "AT_LATEST"}}, 0},
		{"unknown filter", "ValidationException", kinesis.ListShardsInput{StreamName: aws.String("tweets"), ShardFilter: &types.ShardFilter{Type: "X"}}, 0},
		{"token and name", "InvalidArgumentException", kinesis.ListShardsInput{StreamName: aws.String("tweets"), NextToken: token}, 0},
		{"bad token", "InvalidArgumentException", kinesis.ListShardsInput{NextToken: aws.String("x")}, 0},
		{"expired token", "ExpiredNextTokenException", kinesis.ListShardsInput{NextToken: token}, 6 * time.Minute},
		{"limit 0", "ValidationException", kinesis.ListShardsInput{StreamName: aws.String("tweets"), MaxResults: aws.Int32(0)}, 0},
		{"no stream", "InvalidArgumentException", kinesis.ListShardsInput{}, 0},
		{"two streams", "InvalidArgumentException", kinesis.ListShardsInput{StreamName: aws.String("a"), StreamARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/tweets")}, 0},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			mu.Lock()
			ahead = tc.ahead
			mu.Unlock()
			out, err := c.ListShards(t.Context(), &tc.in)
			got := codeOf(err)
			if err == nil {
				got = fmt.Sprint(ids(out.Shards))
			}
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestDescribeStreamPages(t *testing.T) {
	_, c := start(t)
	create(t, c, "tweets", 5)
	in := &kinesis.DescribeStreamInput{StreamName: aws.String("tweets"), Limit: aws.Int32(2)}
	for i, want := range []int{2, 2, 1} {
		out, err := c.DescribeStream(t.Context(), in)
		if err != nil {
			t.Fatalf("page %d: %v", i, err)
		}
		shards := out.StreamDescription.Shards
		if got := len(shards); got != want {
			t.Fatalf("page %d: got %d shards, want %d", i, got, want)
		}
		if got, want := aws.ToString(shards[0].ShardId), *shardName(2 * i); got != want {
			t.Errorf("page %d: got %s first, want %s", i, got, want)
		}
		if got, want := aws.ToBool(out.StreamDescription.HasMoreShards), i < 2; got != want {
			t.Errorf("page %d has more: got %t, want %t", i, got, want)
		}
		in.ExclusiveStartShardId = shards[len(shards)-1].ShardId
	}
}

func TestListStreamsPages(t *testing.T) {
	_, c := start(t)
	var want []string
	for _, name := range []string{"e", "b", "d", "a", "c"} {
		create(t, c, name, 1)
		want = append(want, name)
	}
	slices.Sort(want)
	var got []string
	pages := kinesis.NewListStreamsPaginator(c, &kinesis.ListStreamsInput{Limit: aws.Int32(2)})
	n := 0
	for ; pages.HasMorePages(); n++ {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatalf("page %d: %v", n, err)
		}
		got = append(got, out.StreamNames...)
		for i, s := range out.StreamSummaries {
			if *s.StreamName != out.StreamNames[i] || s.StreamStatus != types.StreamStatusActive {
				t.Errorf("summary: got %s %s, want %s ACTIVE", *s.StreamName, s.StreamStatus, out.StreamNames[i])
			}
		}
	}
	if !slices.Equal(got, want) || n != 3 {
		t.Errorf("got %v in %d pages, want %v in 3", got, n, want)
	}
	out, err := c.ListStreams(t.Context(), &kinesis.ListStreamsInput{ExclusiveStartStreamName: aws.String("bb")})
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	if got, want := fmt.Sprint(out.StreamNames, aws.ToBool(out.HasMoreStreams)), "[c d e] false"; got != want {
		t.Errorf("from bb: got %s, want %s", got, want)
	}
}
