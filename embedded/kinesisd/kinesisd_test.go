package kinesisd_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cashtag/embedded/kinesisd"
	"cashtag/embedded/kinesisd/kinesisdtest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

// newClient is the real SDK, told only where the service is and not to retry.
func newClient(s *kinesisd.Server) *kinesis.Client {
	return kinesis.New(kinesis.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(s.Endpoint()),
		Credentials:  credentials.NewStaticCredentialsProvider("id", "secret", ""),
		Retryer:      aws.NopRetryer{},
	})
}

func start(tb testing.TB, opts ...func(*kinesisd.Config)) (*kinesisd.Server, *kinesis.Client) {
	tb.Helper()
	s := kinesisdtest.Start(tb, opts...)
	return s, newClient(s)
}

func create(tb testing.TB, c *kinesis.Client, name string, shards int32) {
	tb.Helper()
	if _, err := c.CreateStream(tb.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards}); err != nil {
		tb.Fatalf("create %s: %v", name, err)
	}
}

func entry(key, data string) types.PutRecordsRequestEntry {
	return types.PutRecordsRequestEntry{PartitionKey: &key, Data: []byte(data)}
}

func putAll(tb testing.TB, c *kinesis.Client, name string, entries ...types.PutRecordsRequestEntry) *kinesis.PutRecordsOutput {
	tb.Helper()
	out, err := c.PutRecords(tb.Context(), &kinesis.PutRecordsInput{StreamName: &name, Records: entries})
	if err != nil {
		tb.Fatalf("put %d records: %v", len(entries), err)
	}
	return out
}

// codeOf is the service's code of an error, or the error if it has none.
func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

func dataOf(records []kinesisd.Record) string {
	var all []string
	for _, r := range records {
		all = append(all, string(r.Data))
	}
	return strings.Join(all, " ")
}

func shardName(i int) *string { return aws.String(fmt.Sprintf("shardId-%012d", i)) }
