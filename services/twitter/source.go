package twitter

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"cashtag/schemas"
	"cashtag/streams/ingest"
)

// Source reads X. Its methods other than Spend are for one caller at a
// time.
type Source struct {
	cfg     Config
	client  *client
	tickers ingest.Tickers
	tally   ingest.Tally
	log     *slog.Logger
	decode  *Decoder
	meter   *meter

	failures schedule
	place    Place     // up to where all came, but for the gap
	began    time.Time // when reading began, where it began with nothing
	last     string    // the cursor that Next returned last
	conn     *connection
	gap      gap
	followed []string
	changed  <-chan struct{}

	spentUntil  time.Time // said in the log
	malformedAt time.Time // said in the log
	malformedN  int       // since then
}

var _ ingest.Source = (*Source)(nil)

// New returns a source of posts of these tickers. It does not connect.
func New(cfg Config, tickers ingest.Tickers, tally ingest.Tally, log *slog.Logger) (*Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Source{
		cfg:      cfg,
		client:   newClient(cfg),
		tickers:  tickers,
		tally:    tally,
		log:      log,
		decode:   NewDecoder(cfg, nil),
		meter:    &meter{daily: cfg.DailyReads, monthly: cfg.MonthlyReads, now: cfg.Now},
		failures: schedule{backoff: cfg.Backoff},
	}, nil
}

// Spend is how many posts were read today and this month. It is safe for
// concurrent use.
func (s *Source) Spend() Spend { return s.meter.current() }

// Next implements ingest.Source. Its cursor is a Place, which stays at the start of
// a gap until the gap is filled.
func (s *Source) Next(ctx context.Context, cursor string) (events []schemas.Event, next string, err error) {
	if err := s.resume(cursor); err != nil {
		return nil, cursor, ingest.Fatal(err)
	}
	events, err = s.next(ctx)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.Is(err, ErrBudget):
		events = append(events, s.rest(ctx)...)
		err = s.spent(ctx, err)
	default:
		if s.conn != nil && time.Since(s.conn.since) >= healthyAfter {
			s.failures.healthy()
		}
		s.drop()
		err = s.failures.judge(err, time.Now())
	}
	s.last = s.cursor()
	return events, s.last, err
}

// healthyAfter is how long a connection lasts that forgets the failures before it,
// as the first post does.
const healthyAfter = time.Minute

// resume goes to the engine's place where that is another than ours: after a
// restart, and where the engine went back.
func (s *Source) resume(cursor string) error {
	if cursor == s.last {
		return nil
	}
	if cursor == "" {
		s.drop()
		s.place = Place{Since: s.began}
		return nil
	}
	place, err := ParsePlace(cursor)
	if err != nil {
		return err
	}
	s.drop()
	s.meter.resume(place.Spend)
	s.place = place
	if _, until, err := s.meter.leftOf(place.Spend, 1); err != nil {
		s.place = Place{Since: until}
	}
	return nil
}

// cursor is the place to go on from: the start of a gap that is not filled yet, or
// the newest post. It is empty before the first connection.
func (s *Source) cursor() string {
	place := s.place
	if s.gap.open {
		place = s.gap.since
	}
	if place.nowhere() {
		return ""
	}
	place.Spend = s.meter.current()
	return place.String()
}

// Close implements the engine's closer: it lets go of the connection.
func (s *Source) Close() error {
	s.drop()
	s.client.http.CloseIdleConnections()
	return nil
}

// drop closes the connection. What it held and what was not searched yet is found
// again from the cursor.
func (s *Source) drop() {
	if s.conn != nil {
		s.conn.close()
		s.conn = nil
	}
	if s.gap.open {
		s.place = s.gap.since
		s.gap = gap{}
	}
}

// spent stops reading until a budget starts anew, and says so once. What is written
// in between is not read then: a budget that is too small for the day would go to
// the day before, every day.
func (s *Source) spent(ctx context.Context, cause error) error {
	s.drop()
	_, until, err := s.meter.left(minResults)
	if err == nil { // the day turned in between
		return &ingest.Retry{Err: cause}
	}
	s.place = Place{Since: until}
	if !s.spentUntil.Equal(until) {
		s.spentUntil = until
		spend := s.meter.current()
		s.log.WarnContext(ctx, "read budget of X is spent, posts are not read until it starts anew",
			"today", spend.Today, "daily_reads", s.cfg.DailyReads,
			"month", spend.Month, "monthly_reads", s.cfg.MonthlyReads, "until", until)
	}
	return &ingest.Retry{After: until.Sub(s.cfg.Now()), Err: err}
}

// next connects where there is no connection, and returns the next events.
func (s *Source) next(ctx context.Context) ([]schemas.Event, error) {
	if _, _, err := s.meter.left(1); err != nil {
		return nil, err
	}
	if s.conn == nil {
		// The engine hears at once that it is connected.
		return nil, s.connect(ctx)
	}
	for before := s.cursor(); ; {
		if s.gap.open && !time.Now().Before(s.gap.due) {
			events, err := s.fill(ctx)
			if err != nil || len(events) > 0 {
				return events, err
			}
		} else {
			events, err := s.wait(ctx)
			if err != nil || len(events) > 0 {
				return events, err
			}
		}
		if s.cursor() != before {
			return nil, nil
		}
	}
}

// connect sets the rules, opens the stream and then the gap behind it.
func (s *Source) connect(ctx context.Context) error {
	for {
		s.changed = s.tickers.Changed()
		s.followed = slices.Clone(s.tickers.List())
		if len(s.followed) > 0 {
			break
		}
		select {
		case <-s.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := s.setRules(ctx); err != nil {
		return err
	}
	conn, err := s.client.connect(ctx)
	if err != nil {
		return err
	}
	s.conn = conn
	s.openGap(s.place, conn.since)
	if s.place.nowhere() {
		s.began = s.cfg.Now().Truncate(time.Millisecond).UTC()
		s.place.Since = s.began
	}
	s.log.InfoContext(ctx, "stream of X is open", "tickers", len(s.followed), "gap", s.gap.open)
	return nil
}

func (s *Source) setRules(ctx context.Context) error {
	s.decode.Follow(s.followed)
	return s.client.reconcile(ctx, pack(s.cfg, s.followed, maxRuleChars), s.log)
}
