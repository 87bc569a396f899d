package dataset

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cashtag/internal/window"
	"cashtag/schemas"
	"cashtag/services/features"
)

// The cut-offs.
const (
	CutoffClose = "16:00" // of the session before
	CutoffOpen  = "09:30" // of the session
)

var (
	// ErrNoPrices is returned when no bar was given that labels could be made from.
	ErrNoPrices = errors.New("no prices: labels are made from bars, and there is none")
	// ErrNoRows is returned when no window was closed.
	ErrNoRows = errors.New("no rows: there is no post or bar in any window that the market's clock closed")
)

// Score is what a Scorer thinks of a text: see services/sentiment.
type Score struct {
	Label       string
	Probability float64
}

// Scorer scores the text of a post. It must be the one that features.Config names.
type Scorer func(ctx context.Context, text string) (Score, error)

// Config says what is made.
type Config struct {
	// Cutoff is CutoffClose or CutoffOpen.
	Cutoff string
	// Features names the scorer and bounds the state. Its windows are chosen by
	// Cutoff.
	Features features.Config
}

// window is the vector that a row is made of.
func (c Config) window() window.Kind {
	if c.Cutoff == CutoffOpen {
		return window.Preopen
	}
	return window.WholeDay
}

// flushEvery is how many words of the market's clock are between two flushes: far
// less than any lateness.
const flushEvery = 200

// Builder takes events in and makes a Table of them.
type Builder struct {
	cfg    Config
	score  Scorer
	state  *features.State
	prices *Prices
	last   map[rowKey]*schemas.Feature
	ticks  int
}

type rowKey struct {
	ticker string
	day    window.Day
	window string
}

// New returns an empty Builder. It returns an error for a configuration that does not
// validate.
func New(cfg Config, score Scorer) (*Builder, error) {
	switch cfg.Cutoff {
	case CutoffClose:
		cfg.Features.Windows = []string{schemas.WindowDay}
	case CutoffOpen:
		cfg.Features.Windows = []string{schemas.WindowPreopen, schemas.WindowSession}
	default:
		return nil, fmt.Errorf("cutoff is %q: must be %s or %s", cfg.Cutoff, CutoffClose, CutoffOpen)
	}
	state, err := features.NewState(cfg.Features)
	if err != nil {
		return nil, err
	}
	return &Builder{
		cfg: cfg, score: score, state: state, prices: NewPrices(), last: make(map[rowKey]*schemas.Feature),
	}, nil
}

// Prices are what labels are made from. Bars of Add are in them; others may be added
// that no feature is to be made from.
func (b *Builder) Prices() *Prices { return b.prices }

// Add takes in one event for features and, of a bar, for labels too. A post is scored
// first. Scores that were given by somebody are passed over.
func (b *Builder) Add(ctx context.Context, event schemas.Event) error {
	b.prices.Add(event)
	return b.AddFeature(ctx, event)
}

// AddFeature takes in one event for features alone.
func (b *Builder) AddFeature(ctx context.Context, event schemas.Event) error {
	switch data := event.Data.(type) {
	case *schemas.Sentiment:
		return nil
	case *schemas.Tweet:
		return b.addPost(ctx, event, data)
	case *schemas.Clock, *schemas.Session:
		b.state.Apply(event)
		if b.ticks++; b.ticks%flushEvery == 0 {
			b.flush()
		}
	default:
		b.state.Apply(event)
	}
	return nil
}

func (b *Builder) addPost(ctx context.Context, event schemas.Event, tweet *schemas.Tweet) error {
	score, err := b.score(ctx, tweet.Text)
	if err != nil {
		return fmt.Errorf("score post %s: %w", event.ID, err)
	}
	b.state.Apply(event)
	for _, ticker := range tweet.Tickers {
		b.state.Apply(schemas.New(event.ID, event.Source, ticker, event.Time, &schemas.Sentiment{
			TweetID: event.ID, Ticker: ticker, PostedAt: tweet.CreatedAt,
			Scorer: b.cfg.Features.Scorer, Version: b.cfg.Features.ScorerVersion,
			Label: score.Label, Probability: score.Probability,
		}))
	}
	return nil
}

func (b *Builder) flush() {
	market := window.XNYS()
	b.state.Flush(func(event schemas.Event) {
		if f, ok := event.Data.(*schemas.Feature); ok {
			b.last[rowKey{f.Ticker, market.Day(f.StartAt.UnixNano()), f.Window}] = f
		}
	})
}

// Stats counts what went into the features.
func (b *Builder) Stats() features.Stats { return b.state.Stats() }

// Table ends the building: it makes the rows and, looking ahead, their labels.
func (b *Builder) Table() (*Table, error) {
	b.flush()
	if b.prices.Empty() {
		return nil, ErrNoPrices
	}
	kind := b.cfg.window()
	table := &Table{
		Cutoff: b.cfg.Cutoff, Window: kind.String(), Scorer: b.cfg.Features.Scorer, ScorerVersion: b.cfg.Features.ScorerVersion,
		Schema: features.Schema(kind, b.cfg.Features.Scorer, b.cfg.Features.ScorerVersion), Names: features.Names(),
	}
	market := window.XNYS()
	for key, f := range b.last {
		if key.window != kind.String() {
			continue
		}
		row := Row{Feature: f, Day: key.day}
		if b.cfg.Cutoff == CutoffClose {
			row.Day++ // what is predicted is the next session
		}
		row.Date = market.Date(row.Day)
		table.Rows = append(table.Rows, row)
	}
	if len(table.Rows) == 0 {
		return nil, ErrNoRows
	}
	slices.SortFunc(table.Rows, func(a, b Row) int {
		if a.Day != b.Day {
			return int(a.Day - b.Day)
		}
		return strings.Compare(a.Feature.Ticker, b.Feature.Ticker)
	})
	b.label(table)
	return table, nil
}

// Table is a data set in memory.
type Table struct {
	Cutoff, Window, Schema, Scorer, ScorerVersion string
	Names                                         []string // of the features
	Rows                                          []Row    // by date and ticker
}

// Row is one ticker and session.
type Row struct {
	Feature *schemas.Feature
	Day     window.Day // the session that is predicted
	Date    string
	Labels  Labels
}

// CutoffAt is the moment after which nothing is in the row's features.
func (r Row) CutoffAt() time.Time { return r.Feature.EndAt }
