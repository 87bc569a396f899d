package replay

import (
	"errors"
	"fmt"
	"math"

	"cashtag/streams"
)

// Config says how a tape is played.
type Config struct {
	// Speed is how many seconds of event time pass in one second; 0 plays as fast as
	// events can be stored.
	Speed float64
	// Again starts a new run where another was played, with ids of its own.
	Again bool
	// Streams are those that the tape may feed. An event of another is an error.
	Streams []string
	// Batch is the most events that are published at once.
	Batch int
}

// DefaultConfig plays posts, quotes and the market's events, as fast as they can be
// stored.
func DefaultConfig() Config {
	return Config{Streams: []string{streams.Tweets, streams.Quotes, streams.Market}, Batch: 1000}
}

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	if c.Speed < 0 || c.Speed > 1e6 || math.IsNaN(c.Speed) {
		return fmt.Errorf("speed is %v: must be from 0 (as fast as can be) to 1000000", c.Speed)
	}
	if len(c.Streams) == 0 {
		return errors.New("streams is empty: must name those that the tape may feed")
	}
	if c.Batch < 1 || c.Batch > 1000 {
		return fmt.Errorf("batch is %d: must be from 1 to 1000", c.Batch)
	}
	return nil
}
