package streams

import (
	"context"
	"errors"
	"fmt"

	"cashtag/schemas"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Last is the last event on subjects and its sequence, 0 where there is none.
// Subjects is a subject or a wildcard of one stream. On a replicated stream the
// answer may be that of a moment ago: PublishAfter finds out.
//
// A server that is away is waited for until ctx ends.
func (p *Publisher) Last(ctx context.Context, subjects string) (last schemas.Event, sequence uint64, err error) {
	name := StreamOf(subjects)
	if name == "" {
		return last, 0, fmt.Errorf("last event on %q: no stream keeps this subject", subjects)
	}
	var found *jetstream.RawStreamMsg
	err = p.persist(ctx, name, func(ctx context.Context) error {
		stream, err := p.client.JS.Stream(ctx, name)
		if err != nil {
			return err
		}
		found, err = stream.GetLastMsgForSubject(ctx, subjects)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			found, err = nil, nil
		}
		return err
	})
	if err != nil {
		return last, 0, fmt.Errorf("last event on %s: %w", subjects, err)
	}
	if found == nil {
		return last, 0, nil
	}
	if last, err = schemas.Decode(found.Data); err != nil {
		return last, 0, fmt.Errorf("last event on %s, sequence %d of %s: %w", subjects, found.Sequence, name, err)
	}
	return last, found.Sequence, nil
}

// PublishAfter stores one event if the last one on subjects, which must cover the
// event's own, has the sequence after: 0 where there must be none. It returns the
// event's sequence once it is stored. Of many that publish after the same event
// one succeeds, however far apart they do it: the others get ErrOutpaced, and so
// does a caller that cannot know whether the stored event is its own. All of them
// find out by Last.
//
// A server that is away is waited for until ctx ends.
func (p *Publisher) PublishAfter(ctx context.Context, subjects string, after uint64, event schemas.Event) (sequence uint64, err error) {
	m, err := encode(event)
	if err != nil {
		return 0, err
	}
	name := StreamOf(m.subject)
	if name == "" || StreamOf(subjects) != name {
		return 0, fmt.Errorf("publish event %q after %q: no stream keeps both", event.ID, subjects)
	}
	var ack *jetstream.PubAck
	err = p.persist(ctx, name, func(ctx context.Context) (err error) {
		ack, err = p.client.JS.PublishMsg(ctx, m.wire(),
			jetstream.WithRetryAttempts(0), jetstream.WithExpectLastSequenceForSubject(after, subjects))
		return err
	})
	if api, ok := errors.AsType[*jetstream.APIError](err); ok && outpaced(api.ErrorCode) || err == nil && ack.Duplicate {
		return 0, fmt.Errorf("publish event %q after sequence %d: %w", event.ID, after, ErrOutpaced)
	}
	if err != nil {
		return 0, fmt.Errorf("publish event %q: %w", event.ID, err)
	}
	p.counters.singles.Add(1)
	p.counters.events.Add(1)
	return ack.Sequence, nil
}

func outpaced(code jetstream.ErrorCode) bool {
	return code == jetstream.JSErrCodeStreamWrongLastSequence || code == jetstream.JSErrCodeStreamWrongLastSequenceConstant
}

// persist makes attempts until one succeeds or is refused, until the budget of
// those that went unanswered is spent, or until ctx ends.
func (p *Publisher) persist(ctx context.Context, stream string, attempt func(context.Context) error) error {
	pause, warned := newPause(), false
	for unanswered := 0; ; {
		p.mu.Lock()
		closed := p.closed
		p.mu.Unlock()
		if closed {
			return ErrPublisherClosed
		}
		err := p.link.attempt(ctx, p.cfg.Timeout, attempt)
		verdict := verdictOf(err)
		switch {
		case verdict == stored:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case verdict == refused || verdict == split:
			return err
		case verdict == unknown || verdict == incomplete:
			if unanswered++; unanswered > p.cfg.Retries {
				if last := p.client.Conn.LastError(); errors.Is(last, nats.ErrPermissionViolation) {
					err = fmt.Errorf("%w (%w)", err, last)
				}
				return fmt.Errorf("%w after %d tries: %w", ErrOutcomeUnknown, unanswered, err)
			}
		}
		p.counters.retries.Add(1)
		if !warned {
			warned = true
			p.log.WarnContext(ctx, "stream is asked again", "stream", stream, "error", err)
		}
		if !pause.wait(ctx) {
			return context.Cause(ctx)
		}
	}
}
