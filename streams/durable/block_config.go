package durable

import (
	"fmt"
	"time"

	"cashtag/streams"
)

const (
	// blockAckWait only keeps a server from delivering again what is in hand: what
	// a worker that died had comes again by reset.
	blockAckWait = 24 * time.Hour
	// messagesAhead and bytesAhead bound one pull, of which at most two are under
	// way. More would keep answers to requests waiting behind the messages.
	messagesAhead = 4000
	bytesAhead    = 4 << 20
	// recheck is how often a worker asks for what nobody tells it.
	recheck = time.Second
	// maxBlocksInHand is one block being read, one that waits and one being stored.
	maxBlocksInHand = 3
)

// BlockConfig says how a stream is cut into blocks. Start from
// DefaultBlockConfig.
type BlockConfig struct {
	// Consumer is the durable to read, as in streams.Consumers: an ordered one.
	Consumer streams.Consumer
	// Events is the number of sequences in a full block. Full blocks end at its
	// multiples.
	Events uint64
	// Bytes closes a block early that holds so many bytes.
	Bytes uint64
	// Age closes a block early so long after the server stored its first message,
	// once everything in the stream is read.
	Age time.Duration
	// MinBackoff and MaxBackoff bound the pause between two tries, before jitter.
	MinBackoff, MaxBackoff time.Duration
	// Cuts is how many cuts the bucket keeps of the stream.
	Cuts int
	// Takeover is how long the active worker may show no sign of life before a
	// standby takes over. One that ends in good order hands over at once.
	Takeover time.Duration
	// Alone says that no other process archives the stream: what a killed run left
	// behind is taken over without waiting.
	Alone bool
	// Grace is how long the blocks in hand may take to be stored once Run's ctx
	// has ended.
	Grace time.Duration
}

// DefaultBlockConfig cuts at 10,000 sequences, 32 MiB or one minute.
func DefaultBlockConfig(consumer streams.Consumer) BlockConfig {
	return BlockConfig{
		Consumer:   consumer,
		Events:     10_000,
		Bytes:      32 << 20,
		Age:        time.Minute,
		Cuts:       4096,
		MinBackoff: 200 * time.Millisecond,
		MaxBackoff: 15 * time.Second,
		Takeover:   15 * time.Second,
		Grace:      8 * time.Second,
	}
}

// Validate returns an error that names the field, its value and what is allowed.
func (c BlockConfig) Validate() error {
	switch {
	case c.Consumer.Service == "" || c.Consumer.Stream == "":
		return fmt.Errorf("consumer is %q: must name a service and a stream", c.Consumer.Key())
	case !c.Consumer.Ordered:
		return fmt.Errorf("consumer %s is not ordered: blocks need one that is", c.Consumer.Key())
	case c.Events < 1 || c.Events > 100_000:
		return fmt.Errorf("block events is %d: must be from 1 to 100000", c.Events)
	case c.Bytes < 1 || c.Bytes > 1<<30:
		return fmt.Errorf("block bytes is %d: must be from 1 to 1 GiB", c.Bytes)
	case c.Age < time.Millisecond:
		return fmt.Errorf("block age is %s: must be at least 1ms", c.Age)
	case c.Cuts < 2*maxBlocksInHand || c.Cuts > 10_000:
		return fmt.Errorf("cuts is %d: must be from %d to 10000", c.Cuts, 2*maxBlocksInHand)
	case c.MinBackoff <= 0 || c.MaxBackoff < c.MinBackoff:
		return fmt.Errorf("backoff is %s to %s: must be positive and ascending", c.MinBackoff, c.MaxBackoff)
	case c.Takeover < 2*time.Second || c.Takeover > time.Hour:
		return fmt.Errorf("takeover is %s: must be from 2s to 1h", c.Takeover)
	case c.Grace < 0:
		return fmt.Errorf("grace is %s: must not be negative", c.Grace)
	}
	return nil
}

// windowEnd is where a full block that holds sequence ends.
func (c BlockConfig) windowEnd(sequence uint64) uint64 {
	return ((sequence-1)/c.Events + 1) * c.Events
}

// windowStart is where a full block that holds sequence starts.
func (c BlockConfig) windowStart(sequence uint64) uint64 {
	return (sequence-1)/c.Events*c.Events + 1
}

// pullExpiry is how often an idle worker pulls, and so shows that it is alive.
func (c BlockConfig) pullExpiry() time.Duration {
	return max(time.Second, min(c.Takeover/3, 30*time.Second))
}
