package streams

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// verdict is what the outcome of a publish attempt means for the next one. A later
// one weighs more.
type verdict int

const (
	stored     verdict = iota
	away               // nobody was there, or went: wait, however long
	unknown            // no answer: the same again, within the budget
	incomplete         // a batch lost a message on the way
	split              // a batch holds what is stored already
	refused            // the same again would end the same
)

// Error codes of nats-server that its client has no names for.
const (
	codeClusterNotAvailable jetstream.ErrorCode = 10008
	codeClusterNotLeader    jetstream.ErrorCode = 10009
	codeDuplicateInFlight   jetstream.ErrorCode = 10158
)

func verdictOf(err error) verdict {
	var api *jetstream.APIError
	switch {
	case err == nil:
		return stored
	case errors.As(err, &api):
		return verdictOfAPI(api)
	case errors.Is(err, nats.ErrNoResponders),
		errors.Is(err, jetstream.ErrNoStreamResponse),
		errors.Is(err, nats.ErrConnectionReconnecting),
		errors.Is(err, nats.ErrDisconnected),
		errors.Is(err, nats.ErrReconnectBufExceeded):
		return away
	case errors.Is(err, nats.ErrConnectionClosed),
		errors.Is(err, nats.ErrConnectionDraining),
		errors.Is(err, nats.ErrMaxPayload),
		errors.Is(err, nats.ErrInvalidMsg),
		errors.Is(err, nats.ErrBadSubject),
		errors.Is(err, nats.ErrHeadersNotSupported),
		errors.Is(err, context.Canceled):
		return refused
	}
	return unknown
}

func verdictOfAPI(err *jetstream.APIError) verdict {
	switch err.ErrorCode {
	case jetstreamext.JSErrCodeBatchPublishDuplicateMsgID:
		return split
	case jetstreamext.JSErrCodeBatchPublishIncomplete:
		return incomplete
	case jetstreamext.JSErrCodeAtomicPublishTooManyInflight,
		jetstreamext.JSErrCodeBatchPublishTooManyInflight,
		jetstream.JSErrCodeJetStreamNotEnabled,
		codeClusterNotAvailable, codeClusterNotLeader, codeDuplicateInFlight:
		return away
	}
	return refused
}
