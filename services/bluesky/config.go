package bluesky

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"cashtag/schemas"
	"cashtag/streams/ingest"
)

// MaxFrame bounds a decompressed frame in bytes. A post's text has at most 3,000,
// but a record may carry fields of anybody's making.
const MaxFrame = 1 << 20

// Known tells which posts are worth a deletion: those that were stored.
type Known interface {
	Has(postID string) bool
}

// Config says where Jetstream is and what is wanted of it.
type Config struct {
	// Source is the CloudEvents source of the events: schemas.SourceBluesky, or
	// schemas.SourceDemoBluesky where what is read is made up.
	Source string
	// V2 and V1 are the base URLs (ws or wss, no path) of instances that speak
	// either version, tried in order, V2 first. One of them may be empty.
	V2, V1 []string
	// Compress asks for zstd where a dictionary can be had.
	Compress bool
	// DictionaryV1 is where v1's dictionary is found: a file, or an http or https
	// URL. Empty: v1 is not compressed. v2 serves its own.
	DictionaryV1 string
	// Tickers is the followed list.
	Tickers ingest.Tickers
	// Languages are the wanted ones, such as en, which en-GB is too. A post that
	// states none passes. Empty: all.
	Languages []string
	// MaxAge is how much earlier than it was seen a post may say it was written.
	MaxAge time.Duration
	// Rewind is how far a resumption by time goes back.
	Rewind time.Duration
	// Silence is how long nothing may arrive before the connection is given up.
	// The whole network is never silent for as long as the default.
	Silence time.Duration
	// Progress is how often a place is reported though no event was found.
	Progress time.Duration
	// FromOldest makes the first connection of all start with the oldest that the
	// instance holds instead of with what comes next.
	FromOldest bool
	// Known and Deleted make events of deletions: Deleted is called for a post
	// that Known has, or that was yielded lately, and says whether there is an
	// event. Either may be nil: then deletions are ignored.
	Known   Known
	Deleted func(postID string, at time.Time) (schemas.Event, bool)
	// Tally counts what never became an event; nil forgets.
	Tally ingest.Tally
	// Client does the HTTP requests; nil is http.DefaultClient.
	Client *http.Client
	// Logger receives what an operator wants to know; nil discards it.
	Logger *slog.Logger
	// Now is the instance's clock, as far as it is known here; nil is time.Now.
	Now func() time.Time
}

// DefaultConfig is the public network in English. Tickers is left to the caller.
func DefaultConfig() Config {
	return Config{
		Source: schemas.SourceBluesky,
		V2: []string{
			"wss://jetstream.us-east.bsky.network",
			"wss://jetstream.us-west.bsky.network",
		},
		V1: []string{
			"wss://jetstream1.us-east.bsky.network",
			"wss://jetstream2.us-east.bsky.network",
			"wss://jetstream1.us-west.bsky.network",
			"wss://jetstream2.us-west.bsky.network",
		},
		Compress:  true,
		Languages: []string{"en"},
		MaxAge:    24 * time.Hour,
		Rewind:    5 * time.Second,
		Silence:   30 * time.Second,
		Progress:  time.Second,
	}
}

// Validate returns an error that names the first field that cannot be, its value
// and what is allowed.
func (c Config) Validate() error {
	if c.Source == "" {
		return errors.New("bluesky: source is empty: want a path such as " + schemas.SourceBluesky)
	}
	if len(c.V2)+len(c.V1) == 0 {
		return errors.New("bluesky: v2 and v1 are both empty: want the base URL of one instance at least")
	}
	for _, base := range append(append([]string(nil), c.V2...), c.V1...) {
		if err := validBase(base); err != nil {
			return err
		}
	}
	if c.Tickers == nil {
		return errors.New("bluesky: tickers is missing: want the followed list")
	}
	for _, d := range []struct {
		name  string
		value time.Duration
		min   time.Duration
	}{
		{"max_age", c.MaxAge, time.Nanosecond},
		{"rewind", c.Rewind, 0},
		{"silence", c.Silence, time.Nanosecond},
		{"progress", c.Progress, time.Nanosecond},
	} {
		if d.value < d.min {
			return fmt.Errorf("bluesky: %s is %s: want %s at least", d.name, d.value, d.min)
		}
	}
	return nil
}

func validBase(base string) error {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "ws" && u.Scheme != "wss") || u.Host == "" || u.User != nil || (u.Path != "" && u.Path != "/") || u.RawQuery != "" {
		return fmt.Errorf("bluesky: instance %q: want ws://host or wss://host without a path", base)
	}
	return nil
}
