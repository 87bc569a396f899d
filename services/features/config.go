package features

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"cashtag/internal/window"
)

// Config says what is counted and for how long it may still be corrected. Start
// from DefaultConfig and set Scorer and ScorerVersion.
type Config struct {
	// Scorer and ScorerVersion name the scores that are counted; those of others
	// are passed over.
	Scorer, ScorerVersion string
	// Windows are those that vectors are made of, by their names.
	Windows []string
	// Lateness is how far behind the market's clock a post, a score or a bar may be
	// and still correct the windows that it belongs to.
	Lateness time.Duration
	// MaxTickers bounds how many tickers are followed. Posts of others are counted
	// in Stats.Refused.
	MaxTickers int
	// MaxPosts bounds the posts that are kept whole: one for each ticker that a post
	// names and one for the market, for Lateness and the trading day around it.
	MaxPosts int
}

// DefaultConfig makes every window, corrects for three days, follows 2000 tickers and keeps two million
// posts, of 56 bytes each.
func DefaultConfig() Config {
	cfg := Config{Lateness: 72 * time.Hour, MaxTickers: 2000, MaxPosts: 2_000_000}
	for _, kind := range window.Kinds() {
		cfg.Windows = append(cfg.Windows, kind.String())
	}
	return cfg
}

var scorerName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	switch {
	case !scorerName.MatchString(c.Scorer):
		return fmt.Errorf("scorer is %q: must be a scorer's name in lower case", c.Scorer)
	case c.ScorerVersion == "":
		return fmt.Errorf("scorer version is %q: must not be empty", c.ScorerVersion)
	case len(c.Windows) == 0:
		return errors.New("windows is empty: must name at least one window")
	case c.Lateness < time.Minute || c.Lateness > 14*24*time.Hour:
		return fmt.Errorf("lateness is %s: must be from 1m to 336h", c.Lateness)
	case c.MaxTickers < 1 || c.MaxTickers > 20_000:
		return fmt.Errorf("max tickers is %d: must be from 1 to 20000", c.MaxTickers)
	case c.MaxPosts < 1000 || c.MaxPosts > 50_000_000:
		return fmt.Errorf("max posts is %d: must be from 1000 to 50000000", c.MaxPosts)
	}
	for _, name := range c.Windows {
		if _, err := window.ParseKind(name); err != nil {
			return err
		}
	}
	return nil
}

// makes reports whether vectors are made of a window.
func (c Config) makes(kind window.Kind) bool { return slices.Contains(c.Windows, kind.String()) }
