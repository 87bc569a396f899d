package alerts

import (
	"fmt"
	"math"
	"time"
)

// Config says what stands out.
type Config struct {
	// Z is what the z of the posts must be above.
	Z float64
	// Posts is the least number of posts in the window.
	Posts int64
	// Cooldown is the least time between the windows' ends of two alerts of a ticker.
	Cooldown time.Duration
	// Fresh is how long before the newest window a window may have ended whose
	// correction still raises an alert.
	Fresh time.Duration
	// MaxTickers bounds how many tickers are watched. Those beyond it are counted and
	// logged.
	MaxTickers int
}

// DefaultConfig raises where z is above 1 with at least five posts, once an hour and
// ticker, and watches 2000 tickers.
func DefaultConfig() Config {
	return Config{Z: 1, Posts: 5, Cooldown: time.Hour, Fresh: time.Hour, MaxTickers: 2000}
}

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	switch {
	case math.IsNaN(c.Z) || c.Z < 0 || c.Z > 100:
		return fmt.Errorf("z is %g: must be from 0 to 100", c.Z)
	case c.Posts < 1:
		return fmt.Errorf("posts is %d: must be at least 1", c.Posts)
	case c.Cooldown < time.Minute || c.Cooldown > 30*24*time.Hour:
		return fmt.Errorf("cooldown is %s: must be from 1m to 720h", c.Cooldown)
	case c.Fresh < 0 || c.Fresh > 30*24*time.Hour:
		return fmt.Errorf("fresh is %s: must be from 0 to 720h", c.Fresh)
	case c.MaxTickers < 1 || c.MaxTickers > 20_000:
		return fmt.Errorf("max tickers is %d: must be from 1 to 20000", c.MaxTickers)
	}
	return nil
}
