package kinesis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cashtag/streams/durable"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// pollEvery is how often a stream that is not active yet is looked at.
const pollEvery = 250 * time.Millisecond

// Ensure returns once the Kinesis stream takes records, having created it where
// Config.Create asks for it. It returns an error that wraps ErrNoStream where the
// stream is missing, and one line that names the cause for anything else.
func (s *Sink) Ensure(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ReadyTimeout)
	defer cancel()
	status, err := s.status(ctx)
	if codeOf(err) == codeNoStream {
		if !s.cfg.Create {
			return s.missing()
		}
		if err := s.create(ctx); err != nil {
			return err
		}
		status, err = s.status(ctx)
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("wait for kinesis stream %s%s to become active: %w", s.name, s.where(), ctx.Err())
		// A stream that was just created may not be known everywhere yet.
		case err != nil && (codeOf(err) != codeNoStream || !s.cfg.Create):
			return fmt.Errorf("describe kinesis stream %s%s: %w", s.name, s.where(), brief(err))
		case err == nil && (status == types.StreamStatusActive || status == types.StreamStatusUpdating):
			return nil
		}
		select {
		case <-tick.C:
			status, err = s.status(ctx)
		case <-ctx.Done():
		}
	}
}

func (s *Sink) status(ctx context.Context) (types.StreamStatus, error) {
	out, err := s.api.DescribeStreamSummary(ctx, &sdk.DescribeStreamSummaryInput{StreamName: aws.String(s.name)})
	if err != nil {
		return "", err
	}
	if out.StreamDescriptionSummary == nil {
		return "", errors.New("answer has no description")
	}
	return out.StreamDescriptionSummary.StreamStatus, nil
}

// create asks for the stream; that another process asked first is no failure.
func (s *Sink) create(ctx context.Context) error {
	_, err := s.api.CreateStream(ctx, &sdk.CreateStreamInput{
		StreamName: aws.String(s.name),
		ShardCount: aws.Int32(int32(s.cfg.Shards)),
	})
	var taken *types.ResourceInUseException
	if err != nil && !errors.As(err, &taken) {
		return fmt.Errorf("create kinesis stream %s%s: %w", s.name, s.where(), brief(err))
	}
	s.logger.InfoContext(ctx, "created kinesis stream", "shards", s.cfg.Shards)
	return nil
}

// absent is what becomes of a Write that found its stream gone.
func (s *Sink) absent(ctx context.Context, cause error) error {
	if !s.cfg.Create {
		return durable.Fatal(s.missing())
	}
	s.logger.WarnContext(ctx, "kinesis stream is gone, creating it again")
	if err := s.create(ctx); err != nil {
		return durable.Unavailable(err)
	}
	return durable.Unavailable(fmt.Errorf("put records to kinesis stream %s, created again just now: %w", s.name, brief(cause)))
}

func (s *Sink) missing() error {
	return fmt.Errorf("%w: %s%s: create it, or let it be created by setting create", ErrNoStream, s.name, s.where())
}

// where names the far end for a message.
func (s *Sink) where() string {
	if s.cfg.Endpoint == "" {
		return ""
	}
	return " at " + s.cfg.Endpoint
}
