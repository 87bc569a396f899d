package kinesisd_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/kinesisd"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

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
	if throttled, ok := errors.AsType[*types.ProvisionedThroughputExceededException](err); !ok {
		t.Errorf("second put: got %v, want %T", err, throttled)
	}
}
