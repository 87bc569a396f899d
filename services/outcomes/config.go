package outcomes

import (
	"fmt"
	"time"
)

// Config says how long is waited for prices, and bounds what is kept.
type Config struct {
	// Settle is how long after a horizon prices are waited for where no bar ends with
	// it.
	Settle time.Duration
	// Patience is how long after a horizon what is not known is asked for again.
	Patience time.Duration
	// MaxPending bounds the predictions that wait. Those beyond it are given up.
	MaxPending int
	// MaxTickers bounds the tickers whose prices are kept.
	MaxTickers int
	// MostPSI is the population stability index from which on a feature is said to have
	// drifted from training.
	MostPSI float64
}

// DefaultMostPSI is the index that by convention says that something else is measured
// than was: below .1 nothing changed, and above .25 very much did (Siddiqi 2006).
const DefaultMostPSI = 0.25

// DefaultConfig waits two minutes for a bar and four days for a price.
func DefaultConfig() Config {
	return Config{Settle: 2 * time.Minute, Patience: 96 * time.Hour, MaxPending: 100_000, MaxTickers: 2000, MostPSI: DefaultMostPSI}
}

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	switch {
	case c.Settle < 0 || c.Settle > 24*time.Hour:
		return fmt.Errorf("settle is %s: must be from 0 to 24h", c.Settle)
	case c.Patience < c.Settle || c.Patience > 30*24*time.Hour:
		return fmt.Errorf("patience is %s: must be from settle (%s) to 720h", c.Patience, c.Settle)
	case c.MaxPending < 1 || c.MaxPending > 1_000_000:
		return fmt.Errorf("max pending is %d: must be from 1 to 1000000", c.MaxPending)
	case c.MaxTickers < 1 || c.MaxTickers > 20_000:
		return fmt.Errorf("max tickers is %d: must be from 1 to 20000", c.MaxTickers)
	case !(c.MostPSI > 0 && c.MostPSI <= 100):
		return fmt.Errorf("most psi is %v: must be above 0 and at most 100", c.MostPSI)
	}
	return nil
}
