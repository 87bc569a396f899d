package counts

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"cashtag/schemas"
)

// Clock is what time it is where the sources are.
type Clock interface {
	// Now is the clock's time.
	Now() time.Time
	// Until returns nil once the clock shows t or later, or earlier, and the cause of
	// the end of ctx.
	Until(ctx context.Context, t time.Time) error
}

// Publisher stores events. What it was given before may be given to it again.
type Publisher interface {
	Publish(ctx context.Context, events ...schemas.Event) error
}

// Config says whose counts they are.
type Config struct {
	// Source states the events: schemas.ServiceSource("counts"), or
	// schemas.SourceDemoCounts where what is counted is synthetic.
	Source string
	// RunID is a ULID that no other run has.
	RunID string
	// Sources are the tokens of the sources that are counted.
	Sources []string
}

// Bounds of a Service.
const (
	maxSources = 32
	// maxPending bounds the events that wait for a stream that does not answer: two
	// hours of one source. The oldest is given up for the newest; the sums of the run,
	// which every event carries, still tell.
	maxPending = 120
	// lastWords bounds how long the last minute may take to publish.
	lastWords = 5 * time.Second
)

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	if c.Source != schemas.ServiceSource(service) && c.Source != schemas.SourceDemoCounts {
		return fmt.Errorf("source is %q: must be %s or %s", c.Source, schemas.ServiceSource(service), schemas.SourceDemoCounts)
	}
	if len(c.Sources) == 0 || len(c.Sources) > maxSources {
		return fmt.Errorf("sources are %d: must be from 1 to %d", len(c.Sources), maxSources)
	}
	seen := make(map[string]bool, len(c.Sources))
	for _, token := range c.Sources {
		if err := schemas.ValidSourceToken(token); err != nil {
			return fmt.Errorf("sources: %w", err)
		}
		if seen[token] {
			return fmt.Errorf("sources have %q twice: must be once", token)
		}
		seen[token] = true
	}
	probe := schemas.Counts{Source: c.Sources[0], MinuteAt: time.Unix(0, 0).UTC(), RunID: c.RunID, Tickers: []schemas.TickerCounts{}}
	return probe.Validate()
}

const service = "counts"

// Service publishes what its tallies count. New makes one.
type Service struct {
	cfg       Config
	clock     Clock
	publisher Publisher
	log       *slog.Logger
	tallies   []*Tally // in the order of Config.Sources
	byToken   map[string]*Tally

	began   time.Time // the minute in hand
	last    time.Time // the minute published last
	pending []schemas.Event
}

// New returns a Service that counts from now on. A nil logger discards.
func New(cfg Config, clock Clock, publisher Publisher, logger *slog.Logger) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("counts: %w", err)
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg, clock: clock, publisher: publisher, log: logger, byToken: make(map[string]*Tally)}
	for _, token := range cfg.Sources {
		tally := &Tally{source: token, each: make(map[string]picture)}
		s.tallies = append(s.tallies, tally)
		s.byToken[token] = tally
	}
	return s, nil
}

// Tally is what the named source counts into; false where it is none of
// Config.Sources.
func (s *Service) Tally(source string) (tally *Tally, ok bool) {
	tally, ok = s.byToken[source]
	return tally, ok
}

// Run publishes minute after minute until ctx ends, and then the minute in hand.
func (s *Service) Run(ctx context.Context) error {
	s.began = s.clock.Now().UTC().Truncate(time.Minute)
	for {
		if err := s.clock.Until(ctx, s.began.Add(time.Minute)); err != nil {
			if ctx.Err() == nil {
				return fmt.Errorf("counts: wait for the next minute: %w", err)
			}
			break
		}
		now := s.clock.Now().UTC()
		if now.Before(s.began.Add(time.Minute)) {
			continue // the clock was set back: the minute goes on
		}
		s.publish(ctx, now)
		s.began = now.Truncate(time.Minute)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	s.publish(ctx, s.clock.Now().UTC())
	if len(s.pending) > 0 {
		return fmt.Errorf("counts: %d events of the last minutes are not stored", len(s.pending))
	}
	return nil
}

// publish closes the minute in hand and publishes it, with what could not be
// published before.
func (s *Service) publish(ctx context.Context, now time.Time) {
	minute := s.began
	if !s.last.IsZero() && !minute.After(s.last) {
		minute = s.last.Add(time.Minute) // two minutes of a run never share an id
	}
	s.last = minute
	attributes := make([]slog.Attr, 0, len(s.tallies))
	for _, tally := range s.tallies {
		counts := &schemas.Counts{Source: tally.source, MinuteAt: minute, RunID: s.cfg.RunID}
		counts.Minute, counts.Run, counts.Tickers = tally.take()
		s.pending = append(s.pending, s.event(now, counts))
		attributes = append(attributes, slog.Group(tally.source,
			"seen", counts.Minute.Seen, "accepted", counts.Minute.Accepted, "filtered", counts.Minute.Filtered,
			"duplicates", counts.Minute.Duplicates, "malformed", counts.Minute.Malformed, "total", counts.Run.Accepted))
	}
	if over := len(s.pending) - maxPending*len(s.tallies); over > 0 {
		s.log.WarnContext(ctx, "counts of old minutes are given up", "events", over)
		s.pending = s.pending[over:]
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, "events counted", attributes...)
	if err := s.publisher.Publish(ctx, s.pending...); err != nil {
		s.log.WarnContext(ctx, "counts are published later", "events", len(s.pending), "error", err)
		return
	}
	s.pending = nil
}

func (s *Service) event(now time.Time, counts *schemas.Counts) schemas.Event {
	id := schemas.CountsID(counts.Source, counts.MinuteAt, counts.RunID)
	if schemas.IsDemo(s.cfg.Source) {
		id = schemas.DemoPrefix + id
	}
	return schemas.New(id, s.cfg.Source, counts.Source, now, counts)
}
