package merge

import "errors"

var (
	// ErrCheckpoint is returned when a checkpoint cannot be gone on from: it is
	// damaged, or of streams that were made anew since.
	ErrCheckpoint = errors.New("checkpoint is of no use")
	// errRefused ends the service: the Handler cannot go on from its snapshot, or make
	// one.
	errRefused = errors.New("the snapshot is refused")
	// errTaken ends a session whose checkpoint another worker has replaced.
	errTaken = errors.New("another worker went on")
)
