package kinesis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"unicode/utf8"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable"

	sdk "github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// Limits of the service:
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
const (
	// MaxRecords is the most records of one call.
	MaxRecords = 500
	// MaxCallBytes is the most data and partition keys of one call.
	MaxCallBytes = 5 << 20
	// MaxRecordBytes is the most data and partition key of one record.
	MaxRecordBytes = 1 << 20
	// maxKeyRunes is the longest partition key.
	maxKeyRunes = 256
)

// API is what a Sink needs of a client; *kinesis.Client of the AWS SDK is one.
type API interface {
	PutRecords(context.Context, *sdk.PutRecordsInput, ...func(*sdk.Options)) (*sdk.PutRecordsOutput, error)
	CreateStream(context.Context, *sdk.CreateStreamInput, ...func(*sdk.Options)) (*sdk.CreateStreamOutput, error)
	DescribeStreamSummary(context.Context, *sdk.DescribeStreamSummaryInput, ...func(*sdk.Options)) (*sdk.DescribeStreamSummaryOutput, error)
}

// Sink puts the messages of one stream into one Kinesis stream. Make it with New.
type Sink struct {
	api    API
	cfg    Config
	name   string // of the Kinesis stream
	logger *slog.Logger

	lanes []*lane
	plan  plan
}

var _ durable.Sink = (*Sink)(nil)

// New returns the sink of one stream of ours, which Config.Streams must name. It
// does not connect: see Ensure.
func New(api API, cfg Config, stream string, logger *slog.Logger) (*Sink, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("kinesis: %w", err)
	}
	name, ok := cfg.Streams[stream]
	if !ok {
		return nil, fmt.Errorf("kinesis: stream %s has no kinesis stream: name it in streams", stream)
	}
	s := &Sink{api: api, cfg: cfg, name: name, logger: logger.With("kinesis_stream", name)}
	for range cfg.Lanes {
		s.lanes = append(s.lanes, newLane(s))
	}
	s.plan = newPlan(cfg.Lanes)
	return s, nil
}

// Write implements durable.Sink.
func (s *Sink) Write(ctx context.Context, batch []durable.Message) []error {
	w := &write{batch: batch, keys: s.plan.keys(batch), errs: make([]error, len(batch))}
	for i := range batch {
		w.errs[i] = checkRecord(w.keys[i], batch[i].Data)
	}
	var group sync.WaitGroup
	for n, indices := range s.plan.split(w) {
		if len(indices) == len(batch) { // all in one lane: no need of another goroutine
			s.lanes[n].run(ctx, w, indices)
			break
		}
		group.Go(func() { s.lanes[n].run(ctx, w, indices) })
	}
	group.Wait()
	for _, err := range w.errs {
		if err != nil {
			return w.errs
		}
	}
	return nil
}

// write is one call of Write. Each lane touches the entries of its own messages.
type write struct {
	batch []durable.Message
	keys  []string // partition keys
	errs  []error
}

// checkRecord returns what makes a record impossible to store, as poison.
func checkRecord(key string, data []byte) error {
	if size := len(key) + len(data); size > MaxRecordBytes {
		return durable.Poison(fmt.Errorf("record of %d bytes with its partition key: kinesis takes at most %d", size, MaxRecordBytes))
	}
	if key == "" {
		return durable.Poison(errors.New("record without a partition key: the message has no key"))
	}
	if len(key) > maxKeyRunes && utf8.RuneCountInString(key) > maxKeyRunes {
		return durable.Poison(fmt.Errorf("partition key of %d characters: kinesis takes at most %d", utf8.RuneCountInString(key), maxKeyRunes))
	}
	return nil
}

// partitionKey is the ticker, or the subject's last token where it has none.
func partitionKey(message *durable.Message) string {
	if message.Key == schemas.NoTicker {
		return message.Key
	}
	return streams.TickerOf(message.Key)
}
