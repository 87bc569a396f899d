package predictor

import (
	"fmt"
	"time"
)

// Config says what a Service goes by. Start from DefaultConfig.
type Config struct {
	// Poll is how often MODELS is looked at for something new.
	Poll time.Duration
	// Schemas is the feature schema of the vectors of each window: a model of another
	// one is refused. A window that is not named is not checked before vectors come.
	Schemas map[string]string
}

// DefaultConfig looks every half second, so that a promotion holds within one.
func DefaultConfig() Config { return Config{Poll: 500 * time.Millisecond} }

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	if c.Poll < time.Millisecond || c.Poll > time.Minute {
		return fmt.Errorf("poll is %s: must be from 1ms to 1m", c.Poll)
	}
	return nil
}
