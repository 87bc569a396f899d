package ingest

import (
	"context"

	"cashtag/schemas"
)

// Source reads one vendor.
//
// Next returns the events that came after cursor, in order, and the cursor after
// them. It blocks until there is at least one event, until the cursor moved on
// without one (it then returns no event and the new cursor, now and then), or
// until ctx ends. cursor is "" before the first event of all, else what Next
// returned last, or after a restart what was stored last. It is 1 to 512 printable
// ASCII characters.
//
// The first call, and the first after an error or Close, connects, and fills what
// is missing since cursor; events may come again, since the engine drops those
// that the stream holds. Next is never called concurrently.
//
// The engine tells three kinds of error apart, by errors.As through any wrapping:
// Fatal ends the service, Retry says when to come again by the vendor's own
// schedule, and any other is retried by the engine's. Events that are returned
// beside an error are stored first.
//
// A Source that holds a connection has a method Close() error too, which lets go
// of it: the engine calls it at the close of the market, when the flag goes off,
// and at the end, never during Next.
type Source interface {
	Next(ctx context.Context, cursor string) (events []schemas.Event, next string, err error)
}

// Tickers is the followed list. List is sorted and must not be changed. Changed
// returns a channel that is closed at the next change: call it before List so as
// not to miss one.
type Tickers interface {
	List() []string
	Changed() <-chan struct{}
}

// Fixed is a list that never changes.
type Fixed []string

// List implements Tickers.
func (f Fixed) List() []string { return f }

// Changed implements Tickers.
func (Fixed) Changed() <-chan struct{} { return nil }

// Outcome is what became of one thing that a vendor sent.
type Outcome string

// The outcomes. What was seen is the sum of them.
const (
	Accepted  Outcome = "accepted"  // stored
	Filtered  Outcome = "filtered"  // not of a followed ticker, or excluded by a rule
	Duplicate Outcome = "duplicate" // the stream holds it already
	Malformed Outcome = "malformed" // could not be decoded
)

// Tally counts outcomes. The engine counts what is accepted or a duplicate, the
// source what never became an event. It is safe for concurrent use, and cheap
// enough for a firehose.
type Tally interface {
	// Count counts n things of a ticker, "" where it is not known.
	Count(ticker string, outcome Outcome, n int)
}

// Uncounted is a Tally that forgets.
type Uncounted struct{}

// Count implements Tally.
func (Uncounted) Count(string, Outcome, int) {}
