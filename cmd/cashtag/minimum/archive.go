//go:build !external

package minimum

import (
	"bytes"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"
)

// objectEvents is how many events become one object.
const objectEvents = 10_000

// Archive puts 10,000 events as one object of NDJSON compressed by zstd, with a
// manifest beside it.
func Archive(endpoint, bucket string) (Path, error) {
	client := s3.New(s3.Options{
		BaseEndpoint: aws.String(endpoint),
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("key", "secret", ""),
		UsePathStyle: true,
	})
	put := func(ctx context.Context, key string, data []byte) error {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(data)})
		if err != nil {
			return fmt.Errorf("put object %s: %w", key, err)
		}
		return nil
	}
	var object bytes.Buffer
	encoder, err := zstd.NewWriter(&object, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return Path{}, fmt.Errorf("make compressor: %w", err)
	}
	events := 0
	return Path{name: "archive", batch: 500, ack: jetstream.AckAllPolicy, store: func(ctx context.Context, batch []jetstream.Msg, last bool) (bool, error) {
		for _, msg := range batch {
			if _, err := encoder.Write(msg.Data()); err != nil {
				return false, fmt.Errorf("compress: %w", err)
			}
			if _, err := encoder.Write([]byte{'\n'}); err != nil {
				return false, fmt.Errorf("compress: %w", err)
			}
		}
		if events += len(batch); events < objectEvents && !last {
			return false, nil
		}
		if err := encoder.Close(); err != nil {
			return false, fmt.Errorf("compress: %w", err)
		}
		meta, err := batch[len(batch)-1].Metadata()
		if err != nil {
			return false, fmt.Errorf("read metadata: %w", err)
		}
		name := fmt.Sprintf("%s/%020d", meta.Stream, meta.Sequence.Stream)
		if err := put(ctx, name+".ndjson.zst", object.Bytes()); err != nil {
			return false, err
		}
		manifest := fmt.Appendf(nil, `{"version":1,"stream":%q,"last":%d,"events":%d,"bytes":%d}`,
			meta.Stream, meta.Sequence.Stream, events, object.Len())
		if err := put(ctx, name+".manifest.json", manifest); err != nil {
			return false, err
		}
		events = 0
		object.Reset()
		encoder.Reset(&object)
		return true, nil
	}}, nil
}
