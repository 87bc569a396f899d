//go:build !external

package minimum

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/nats-io/nats.go/jetstream"
)

// Kinesis puts 500 records a call, one call after the other.
func Kinesis(endpoint, stream string) Path {
	client := kinesis.New(kinesis.Options{
		BaseEndpoint: aws.String(endpoint),
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("key", "secret", ""),
	})
	return Path{name: "kinesis", batch: 500, ack: jetstream.AckAllPolicy, store: func(ctx context.Context, batch []jetstream.Msg, _ bool) (bool, error) {
		records := make([]types.PutRecordsRequestEntry, len(batch))
		for i, msg := range batch {
			subject := msg.Subject()
			ticker := subject[strings.LastIndexByte(subject, '.')+1:]
			records[i] = types.PutRecordsRequestEntry{Data: msg.Data(), PartitionKey: aws.String(ticker)}
		}
		out, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String(stream), Records: records})
		if err != nil {
			return false, fmt.Errorf("put records: %w", err)
		}
		if failed := aws.ToInt32(out.FailedRecordCount); failed > 0 {
			return false, fmt.Errorf("put records: %d failed", failed)
		}
		return true, nil
	}}
}
