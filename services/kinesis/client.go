package kinesis

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/kinesis"
)

const (
	// idleTimeout is below that of the far ends, which would otherwise close a
	// connection just when it is used again.
	idleTimeout = 45 * time.Second
	// writeBuffer makes the megabyte of a full call a few writes.
	writeBuffer = 128 << 10
	// standInRegion signs calls to an endpoint that is not Amazon's.
	standInRegion = "us-east-1"
)

// NewClient returns a client that may be shared by the sinks of all streams: it
// keeps connections open, does not retry, and encodes PutRecords without a copy.
func NewClient(ctx context.Context, cfg Config) (*sdk.Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("kinesis: %w", err)
	}
	options := []func(*config.LoadOptions) error{config.WithHTTPClient(httpClient(cfg))}
	if cfg.Region != "" {
		options = append(options, config.WithRegion(cfg.Region))
	} else if cfg.Endpoint != "" {
		options = append(options, config.WithDefaultRegion(standInRegion))
	}
	if cfg.AccessKey != "" {
		static := credentials.NewStaticCredentialsProvider(cfg.AccessKey, cfg.SecretKey, "")
		options = append(options, config.WithCredentialsProvider(static))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("load aws configuration: %w", err)
	}
	if loaded.Region == "" {
		return nil, errors.New("kinesis: no aws region: set the region in the configuration or AWS_REGION in the environment")
	}
	return sdk.NewFromConfig(loaded, func(o *sdk.Options) {
		o.Retryer = aws.NopRetryer{}
		o.Protocol = protocol{o.Protocol}
		if cfg.Endpoint != "" {
			o.BaseEndpoint = aws.String(cfg.Endpoint)
		}
	}), nil
}

func httpClient(cfg Config) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithTimeout(cfg.CallTimeout).
		WithTransportOptions(func(t *http.Transport) {
			// Every sink of the process may have all its lanes under way.
			t.MaxIdleConnsPerHost = maxLanes * len(cfg.Streams)
			t.IdleConnTimeout = idleTimeout
			t.WriteBufferSize = writeBuffer
		})
}
