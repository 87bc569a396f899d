package durable

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"cashtag/schemas"
	"cashtag/streams"

	"github.com/cenkalti/backoff/v5"
)

// maxReasonBytes bounds the reason of a dead letter.
const maxReasonBytes = 512

// bury publishes a message to DEAD and then settles it. It tries for as long as
// the stream is out of reach: until then the message is only in hand.
func (l *lane) bury(ctx context.Context, message *held, cause error) error {
	reason := reasonOf(cause)
	event := l.deadLetter(message, reason)
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := l.publisher.Publish(ctx, event)
		if _, ok := errors.AsType[*schemas.FieldError](err); ok {
			return struct{}{}, backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithMaxElapsedTime(0))
	if err != nil {
		if ctx.Err() != nil {
			return errReleased
		}
		return Fatal(fmt.Errorf("bury message %d of stream %s: %w", message.position, l.stream, err))
	}
	if !l.ordered {
		if err := message.msg.TermWithReason(reason); err != nil {
			l.logger.WarnContext(ctx, "terminate interrupted", "stream", l.stream, "error", err)
		}
	}
	message.buried = true
	message.settled.Store(true)
	l.stats.buried.Add(1)
	l.logger.ErrorContext(ctx, "message buried",
		"subject", message.Subject, "sequence", message.position, "tries", message.tries, "reason", reason)
	return nil
}

func (l *lane) deadLetter(message *held, reason string) schemas.Event {
	service := l.cfg.Consumer.Service
	headers := maps.Clone(message.Headers)
	if l.stream == streams.Retry {
		headers[HeaderSequence] = []string{strconv.FormatUint(message.Sequence, 10)}
	}
	payload := message.Data
	if payload == nil {
		payload = []byte{}
	}
	id, source := schemas.DeadID(service, l.stream, message.position), schemas.ServiceSource(service)
	if strings.HasPrefix(message.ID, schemas.DemoPrefix) {
		id, source = schemas.DemoPrefix+id, "/demo/"+service
	}
	now := time.Now().UTC()
	return schemas.New(id, source, message.Key, now, &schemas.Dead{
		Consumer: service,
		Stream:   l.stream,
		Sequence: message.position,
		Subject:  message.Subject,
		Headers:  headers,
		Payload:  payload,
		Reason:   reason,
		Tries:    message.tries,
		BuriedAt: now,
	})
}

// reasonOf is an error in one bounded line.
func reasonOf(cause error) string {
	reason := strings.Join(strings.Fields(cause.Error()), " ")
	if len(reason) > maxReasonBytes {
		reason = strings.ToValidUTF8(reason[:maxReasonBytes], "")
	}
	return reason
}
