package merge

import (
	"errors"
	"fmt"
	"time"
)

// Config says what is read, and when it is made sure of. Start from DefaultConfig and
// set Service, Streams and Output, and Clock and Awaited where something is waited for.
type Config struct {
	// Service names the durables and the checkpoint.
	Service string
	// Streams are read. Of two events of the same time that of the stream named
	// first comes first.
	Streams []string
	// Output is the stream that the Handler's events go to.
	Output string
	// Clock is the stream whose events are held back while the Handler waits for
	// those of the stream Awaited.
	Clock, Awaited string
	// Patience is how long the clock is held back when nothing comes.
	Patience time.Duration
	// MaxBatch is the most events that are read of a stream at once.
	MaxBatch int
	// Poll is how long a stream that is at its end is left alone.
	Poll time.Duration
	// CommitEvents and CommitEvery say how many events, and how much time, may pass
	// between two checkpoints.
	CommitEvents int
	CommitEvery  time.Duration
	// CommitPause is the least time between two checkpoints.
	CommitPause time.Duration
	// MaxCheckpoint bounds the checkpoint, compressed, in bytes.
	MaxCheckpoint int
}

// DefaultConfig polls ten times a second, waits two seconds for what is held back
// for, and makes a checkpoint each 20,000 events or minute at least.
func DefaultConfig() Config {
	return Config{
		Patience: 2 * time.Second, MaxBatch: 1000, Poll: 100 * time.Millisecond,
		CommitEvents: 20_000, CommitEvery: time.Minute, CommitPause: 500 * time.Millisecond,
		MaxCheckpoint: 24 << 20,
	}
}

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	switch {
	case c.Service == "":
		return errors.New("service is empty: must name the service that reads")
	case len(c.Streams) == 0 || len(c.Streams) > 16:
		return fmt.Errorf("streams are %q: must be 1 to 16", c.Streams)
	case c.Output == "":
		return errors.New("output is empty: must name a stream")
	case c.Patience < 0 || c.Patience > time.Minute:
		return fmt.Errorf("patience is %s: must be from 0 to 1m", c.Patience)
	case c.MaxBatch < 1 || c.MaxBatch > 10_000:
		return fmt.Errorf("max batch is %d: must be from 1 to 10000", c.MaxBatch)
	case c.Poll < time.Millisecond || c.Poll > time.Minute:
		return fmt.Errorf("poll is %s: must be from 1ms to 1m", c.Poll)
	case c.CommitEvents < 1 || c.CommitEvents > 1_000_000:
		return fmt.Errorf("commit events is %d: must be from 1 to 1000000", c.CommitEvents)
	case c.CommitEvery < time.Millisecond || c.CommitPause < 0 || c.CommitPause > c.CommitEvery:
		return fmt.Errorf("commit every %s, pause %s: must be positive, and the pause not the longer", c.CommitEvery, c.CommitPause)
	case c.MaxCheckpoint < chunkBytes || c.MaxCheckpoint > 1<<30:
		return fmt.Errorf("max checkpoint is %d: must be from %d to 1 GiB", c.MaxCheckpoint, chunkBytes)
	}
	return nil
}
