package durable

import (
	"context"
	"time"
)

// Block is a run of consecutive sequences of one stream that is archived as one
// object. Its bounds are fixed before the object is: whoever archives a block,
// and however often, archives the same one.
type Block struct {
	Stream    string
	CreatedAt time.Time // when the stream was made, which tells it from a later one of its name
	First     uint64    // first sequence, whether or not the stream still has it
	Last      uint64    // last sequence, likewise
	Events    uint64    // messages that the stream had between them
	Bytes     uint64    // of those messages' data
	FirstAt   time.Time // when the first of them was stored
	LastAt    time.Time // when the last of them was stored
}

// Gaps is the number of the block's sequences that the stream no longer had.
func (b Block) Gaps() uint64 { return b.Last - b.First + 1 - b.Events }

// BlockSink keeps blocks at a far end.
//
// Blocks tells two kinds of error apart: Fatal ends the service, any other is
// tried again for as long as it takes.
type BlockSink interface {
	// Open starts the object of a block.
	Open() (BlockWriter, error)
	// Stored reports whether the block of that stream, CreatedAt, First and Last
	// is stored whole; the other fields are not set. It returns a Fatal error when
	// the block's place is taken by another stream.
	Stored(ctx context.Context, block Block) (bool, error)
}

// BlockWriter makes one object and stores it. It is used by one goroutine at a
// time.
type BlockWriter interface {
	// Append adds the block's next message, whose bytes are valid until it returns.
	Append(message Message) error
	// Seal ends the object. Nothing is appended after it.
	Seal(block Block) error
	// Store returns nil once the sealed object is stored. It is called again when
	// it fails, and with the same block it stores the same bytes.
	Store(ctx context.Context) error
	// Discard releases what the writer holds. It is called once, at the end.
	Discard()
}
