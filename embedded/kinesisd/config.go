package kinesisd

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const minMaxBytes = 16 << 20

// Config says where the stand-in listens, where it stores and how it limits.
type Config struct {
	// Addr is the TCP address to listen on; port 0 takes any that is free.
	Addr string
	// JetStream stores the streams. It is best in an account of its own: the
	// streams are named as in Kinesis.
	JetStream jetstream.JetStream
	// EnforceShardLimits refuses what exceeds 1 MiB or 1000 records a second
	// on a shard, as the real service does.
	EnforceShardLimits bool
	// MaxBytes bounds a stream created from now on; the oldest records go
	// first.
	MaxBytes int64
	// Faults are the failures to begin with.
	Faults Faults
	// Now is the clock of limits, iterators and creation times; nil is
	// time.Now. Records carry the time at which JetStream stored them.
	Now func() time.Time
	// Logger receives what goes wrong inside; nil discards it.
	Logger *slog.Logger
}

// Faults make the stand-in fail on purpose. Every function may be nil and must
// be safe for concurrent use.
type Faults struct {
	// Record is asked before each record of a put, with the stream's name and
	// the record's index in the call. A code that is not empty, such as
	// InternalFailure or ProvisionedThroughputExceededException, fails this
	// record; the others go on. Of rec only the shard, key and data are set.
	Record func(stream string, i int, rec Record) (code string)
	// Call is asked before a call does anything. A status that is not 0 is
	// answered with the code, and the call has no effect.
	Call func(op string) (status int, code string)
	// Answer is asked after a call has done its work. A status that is not 0
	// replaces the answer: what was stored stays stored and the client cannot
	// know it. A negative status closes the connection instead.
	Answer func(op string) (status int, code string)
	// Latency delays every call.
	Latency time.Duration
}

// DefaultConfig listens on a free port of 127.0.0.1, enforces the limits of
// shards and keeps up to 1 GiB a stream. JetStream is left to the caller.
func DefaultConfig() Config {
	return Config{Addr: "127.0.0.1:0", EnforceShardLimits: true, MaxBytes: 1 << 30}
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	switch {
	case c.Addr == "":
		return errors.New("kinesis: addr is empty: want host:port, such as 127.0.0.1:0")
	case c.JetStream == nil:
		return errors.New("kinesis: no jetstream: want a connection that may create streams")
	case c.MaxBytes < minMaxBytes:
		return fmt.Errorf("kinesis: max bytes %d: want at least %d", c.MaxBytes, minMaxBytes)
	case c.Faults.Latency < 0:
		return fmt.Errorf("kinesis: latency %s: want 0 or more", c.Faults.Latency)
	}
	if limit := c.JetStream.Conn().MaxPayload(); limit < maxStored {
		return fmt.Errorf("kinesis: nats max payload %d bytes: want at least %d for the largest record", limit, maxStored)
	}
	return nil
}
