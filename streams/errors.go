package streams

import "errors"

var (
	// ErrWouldLose is matched by the error of an Apply that was refused because it
	// would lose stored messages.
	ErrWouldLose = errors.New("would lose data")
	// ErrPublisherClosed is returned by a Publisher after Close, and by calls that
	// were still waiting when the context of Close ended.
	ErrPublisherClosed = errors.New("publisher is closed")
	// ErrOutcomeUnknown is matched by the error of a publish whose every attempt
	// went unanswered: the events may be stored. Publishing them again is safe
	// within the dedupe window of their stream.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrOutpaced is returned by PublishAfter when the event to publish after is
	// not the last one.
	ErrOutpaced = errors.New("another event was stored since")
)
