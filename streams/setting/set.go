package setting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cashtag/streams"
	"cashtag/streams/bucket"
	"cashtag/streams/ingest"
)

// The keys of the bucket. Those of one source's hours are KeyHours, a dot and the
// source's name.
const (
	KeyTickers = "tickers"
	KeyHours   = "hours"
	KeyScorer  = "scorer"
	KeyPromote = "promote" // whether a model that is better is promoted
	KeyRetrain = "retrain" // how many sessions lie between two trainings
)

// Config says what may be set, and what holds where nobody set it.
type Config struct {
	// Tickers are followed where none are set: 1 to MaxTickers.
	Tickers []string
	// Hours are those of every source that has none of its own: one of
	// ingest.HoursSession, HoursExtended and HoursAlways.
	Hours string
	// Sources are those that may have hours of their own.
	Sources []string
	// Scorers are the words that the list of scorers may hold, and Scorer is the list
	// where none is set. Without Scorers the key is not known.
	Scorers []string
	Scorer  []string
	// Retrain is how many sessions lie between two trainings where nobody says: 1 to
	// MaxRetrain, 0 for 1.
	Retrain int
}

// DefaultConfig follows the given tickers while the market's session is open.
func DefaultConfig(tickers ...string) Config {
	return Config{Tickers: tickers, Hours: ingest.HoursSession}
}

var sourcePattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	if _, err := parseTickers(strings.Join(c.Tickers, ",")); err != nil {
		return err
	}
	if _, err := parseHours(c.Hours); err != nil {
		return fmt.Errorf("hours: %w", err)
	}
	if c.Retrain < 0 || c.Retrain > MaxRetrain {
		return fmt.Errorf("retrain is %d: must be 0 to %d", c.Retrain, MaxRetrain)
	}
	for _, source := range c.Sources {
		if !sourcePattern.MatchString(source) {
			return fmt.Errorf("source is %q: must be a lower case name", source)
		}
	}
	if len(c.Scorers) == 0 && len(c.Scorer) > 0 {
		return errors.New("scorer is set: needs scorers, the words that it may hold")
	}
	if len(c.Scorers) > 0 {
		if _, err := c.parseScorer(strings.Join(c.Scorer, ",")); err != nil {
			return err
		}
	}
	return nil
}

// Set is every setting of a process, kept up to date by one watcher of the bucket.
type Set struct{ values *bucket.Set }

// Open reads the settings and keeps watching them until ctx ends or Close. A nil
// logger discards.
func Open(ctx context.Context, client *streams.Client, logger *slog.Logger, cfg Config) (*Set, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	keys, err := cfg.keys()
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	values, err := bucket.Open(ctx, client, streams.BucketConfig, newJournal(logger, keys), keys...)
	if err != nil {
		return nil, err
	}
	all, _ := values.Find(KeyHours)
	for _, source := range cfg.Sources {
		if own, ok := values.Find(hoursOf(source)); ok {
			own.Follow(all)
		}
	}
	return &Set{values: values}, nil
}

// keys is every key that is known; the defaults are good.
func (c Config) keys() ([]bucket.Key, error) {
	tickers, err := parseTickers(strings.Join(c.Tickers, ","))
	if err != nil {
		return nil, err
	}
	keys := []bucket.Key{
		{Name: KeyTickers, Default: tickers, Parse: parseTickers},
		{Name: KeyHours, Default: c.Hours, Parse: parseHours},
	}
	for _, source := range c.Sources {
		keys = append(keys, bucket.Key{Name: hoursOf(source), Default: c.Hours, Parse: parseHours})
	}
	if len(c.Scorers) > 0 {
		scorer, err := c.parseScorer(strings.Join(c.Scorer, ","))
		if err != nil {
			return nil, err
		}
		keys = append(keys, bucket.Key{Name: KeyScorer, Default: scorer, Parse: c.parseScorer})
	}
	return append(keys,
		bucket.Key{Name: KeyPromote, Default: PromoteNever, Parse: parsePromote},
		bucket.Key{Name: KeyRetrain, Default: strconv.Itoa(max(c.Retrain, 1)), Parse: parseRetrain},
	), nil
}

// Close stops watching. Every setting stays as it is.
func (s *Set) Close() { s.values.Close() }

// Tickers is the followed list.
func (s *Set) Tickers() *List {
	value, _ := s.values.Find(KeyTickers)
	return newList(value)
}

// Scorer is the list of scorers, empty where Config has no Scorers.
func (s *Set) Scorer() *List {
	value, ok := s.values.Find(KeyScorer)
	if !ok {
		value = bucket.NewValue(bucket.Key{Name: KeyScorer})
	}
	return newList(value)
}

// Promote is PromoteNever or PromoteBetter now.
func (s *Set) Promote() string {
	value, _ := s.values.Find(KeyPromote)
	return value.Get()
}

// Retrain is how many sessions lie between two trainings now.
func (s *Set) Retrain() int {
	value, _ := s.values.Find(KeyRetrain)
	sessions, _ := strconv.Atoi(value.Get()) // parseRetrain wrote it
	return sessions
}

// Hours are those of the source: its own where they are set, else those of all.
// It returns an error for a source that is not in Config.
func (s *Set) Hours(source string) (*Hours, error) {
	value, ok := s.values.Find(hoursOf(source))
	if !ok {
		return nil, fmt.Errorf("hours of source %q: the source is not known", source)
	}
	return &Hours{value: value}, nil
}

func hoursOf(source string) string { return KeyHours + "." + source }

// split is the words of a list as it is stored.
func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// words is what a person typed as a list: separated by commas or white space, each
// with or without quotes.
func words(typed string) []string {
	fields := strings.FieldsFunc(bucket.Plain(typed), func(r rune) bool {
		return r == ',' || r == ';' || r == ' ' || r == '\t' || r == '\n' || r == '\r'
	})
	for i, field := range fields {
		fields[i] = bucket.Plain(field)
	}
	return fields
}

func sorted(words []string) []string { return slices.Compact(slices.Sorted(slices.Values(words))) }
