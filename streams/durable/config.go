package durable

import (
	"fmt"
	"time"

	"cashtag/streams"
)

// Config bounds what a Runner takes in hand and how it retries. Start from
// DefaultConfig and set Consumer.
type Config struct {
	// Consumer is the durable to read, as in streams.Consumers.
	Consumer streams.Consumer
	// MaxBatch is the most messages that Write is given at once.
	MaxBatch int
	// MaxBytes closes a batch that holds so many bytes, headers included.
	MaxBytes int
	// Linger closes a batch so long after its fetch began.
	Linger time.Duration
	// AckWait is how long the server waits for a worker that went silent. It is
	// extended at a third of itself while a sink takes longer.
	AckWait time.Duration
	// MaxTries is the budget of one message: it is buried after so many failures
	// of its own.
	MaxTries int
	// MinBackoff and MaxBackoff bound the pause between two tries, before jitter.
	MinBackoff, MaxBackoff time.Duration
	// Takeover is how long the active worker of an ordered consumer may show no sign
	// of life before a standby takes over. One that ends in good order hands over at
	// once.
	Takeover time.Duration
	// Alone says that no other process reads this consumer. What a killed run had
	// in hand is then delivered at once instead of after AckWait or Takeover.
	Alone bool
	// FromNow lets a durable that is not there yet begin behind the last message of
	// its stream; one that is there goes on where it stopped, as ever.
	FromNow bool
	// Grace is how long the batch in hand may go on after Run's context ended.
	Grace time.Duration
}

// DefaultConfig suits a sink that stores some hundred messages a call.
func DefaultConfig(consumer streams.Consumer) Config {
	return Config{
		Consumer:   consumer,
		MaxBatch:   500,
		MaxBytes:   8 << 20,
		Linger:     50 * time.Millisecond,
		AckWait:    30 * time.Second,
		MaxTries:   8,
		MinBackoff: 100 * time.Millisecond,
		MaxBackoff: 15 * time.Second,
		Takeover:   15 * time.Second,
		Grace:      8 * time.Second,
	}
}

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	switch {
	case c.Consumer.Service == "" || c.Consumer.Stream == "":
		return fmt.Errorf("consumer is %q: must name a service and a stream", c.Consumer.Key())
	case c.MaxBatch < 1 || c.MaxBatch > 10_000:
		return fmt.Errorf("max batch is %d: must be from 1 to 10000", c.MaxBatch)
	case c.MaxBytes < streams.MaxPayload+64<<10:
		return fmt.Errorf("max bytes is %d: must hold the largest message, %d", c.MaxBytes, streams.MaxPayload+64<<10)
	case c.Linger < time.Millisecond || c.Linger > time.Minute:
		return fmt.Errorf("linger is %s: must be from 1ms to 1m", c.Linger)
	case c.AckWait < 100*time.Millisecond:
		return fmt.Errorf("ack wait is %s: must be at least 100ms", c.AckWait)
	case c.MaxTries < 1:
		return fmt.Errorf("max tries is %d: must be at least 1", c.MaxTries)
	case c.MinBackoff <= 0 || c.MaxBackoff < c.MinBackoff:
		return fmt.Errorf("backoff is %s to %s: must be positive and ascending", c.MinBackoff, c.MaxBackoff)
	case c.Takeover < time.Second || c.Takeover > time.Hour:
		return fmt.Errorf("takeover is %s: must be from 1s to 1h", c.Takeover)
	case c.Grace < 0:
		return fmt.Errorf("grace is %s: must not be negative", c.Grace)
	}
	return nil
}
