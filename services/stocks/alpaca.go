package stocks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
	"cashtag/streams/ingest"
)

const (
	// maxBatch is how many events a Next returns at most, one frame aside.
	maxBatch = 1000
	// overlap is how much of what was seen is fetched again: a bar may come late.
	overlap = 2 * time.Minute
	// ahead is how far in the future a bar may end and still move the cursor.
	ahead = 5 * time.Minute
)

// Alpaca is the Source of Alpaca's feed. Its cursor is the time up to which all
// minute bars were returned, in RFC 3339.
type Alpaca struct {
	cfg     Config
	tickers ingest.Tickers
	tally   ingest.Tally
	log     *slog.Logger
	make    maker
	rest    *rest
	dec     *decoder
	breaker breaker
	sample  sampler

	conn     *connection // nil while there is none
	plan     int
	told     bool     // that not all tickers have trades and quotes
	list     []string // followed, as subscribed to
	follows  map[string]bool
	steps    []action        // of a change of the subscription that wait to be said
	joined   []string        // tickers that a change in hand adds
	answers  int             // to subscriptions, that are awaited
	deadline time.Time       // of the next answer
	fill     *fill           // nil where no gap is open
	pending  []schemas.Event // fetched, and not returned yet
	mark     time.Time       // up to which bars are complete
}

var _ ingest.Source = (*Alpaca)(nil)

// NewAlpaca returns a source that connects at the first Next.
func NewAlpaca(cfg Config, tickers ingest.Tickers, tally ingest.Tally, log *slog.Logger) (*Alpaca, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Key == "" {
		return nil, errors.New("key of Alpaca is empty: set APCA_API_KEY_ID and APCA_API_SECRET_KEY")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Alpaca{
		cfg: cfg, tickers: tickers, tally: tally, log: log,
		make: newMaker(cfg.Source, schemas.FeedIEX, schemas.DelayRealTime),
		rest: alpacaREST(cfg),
		dec:  newDecoder(),
	}, nil
}

// Next implements ingest.Source.
func (a *Alpaca) Next(ctx context.Context, cursor string) ([]schemas.Event, string, error) {
	if a.conn == nil {
		if err := a.open(ctx, cursor); err != nil {
			a.drop()
			return nil, cursor, err
		}
	}
	before := a.cursor()
	for {
		events, err := a.turn(ctx)
		switch {
		case err != nil:
			next := a.cursor()
			a.drop()
			return events, next, err
		case len(events) > 0, a.cursor() != before:
			return events, a.cursor(), nil
		}
	}
}

// Close lets go of the connection.
func (a *Alpaca) Close() error {
	a.drop()
	return nil
}

// open connects, and begins to fill what is missing since the cursor.
func (a *Alpaca) open(ctx context.Context, cursor string) error {
	now := a.cfg.Now().UTC()
	a.mark = start(now)
	if cursor != "" {
		at, err := time.Parse(time.RFC3339, cursor)
		if err != nil {
			a.log.WarnContext(ctx, "the place in alpaca's feed is not a time: begin at the opening", "place", cursor)
		} else {
			a.mark = at.UTC()
		}
	}
	if oldest := now.Add(-a.cfg.MaxGap); a.mark.Before(oldest) {
		a.log.WarnContext(ctx, "the gap is longer than what is filled", "since", a.mark, "filled_since", oldest)
		a.mark = oldest
	}
	conn, err := dial(ctx, a.cfg)
	if err != nil {
		return err
	}
	a.conn = conn
	if err := conn.authenticate(ctx, a.cfg, a.dec); err != nil {
		return err
	}
	a.list, a.follows = nil, nil
	// From here on the mark moves with what is streamed; the gap begins where it
	// stood. What it needs is planned once the subscription holds.
	a.fill = &fill{since: a.mark}
	return nil
}

// start is the opening of the session that is open, else now: where a source that
// never ran begins.
func start(now time.Time) time.Time {
	if session, open := calendar.XNYS().At(now); open {
		return session.Open
	}
	return now.Truncate(time.Minute)
}

func (a *Alpaca) drop() {
	if a.conn != nil {
		a.conn.close()
	}
	a.conn, a.fill, a.pending, a.steps, a.joined, a.answers = nil, nil, nil, nil, nil, 0
}

// cursor is before what is still to be fetched and returned.
func (a *Alpaca) cursor() string {
	at := a.mark
	if a.fill != nil {
		at = earlier(at, a.fill.since)
	}
	return at.Format(time.RFC3339)
}

// turn does the next thing there is to do, and waits where there is none.
func (a *Alpaca) turn(ctx context.Context) ([]schemas.Event, error) {
	changed := a.tickers.Changed()
	if err := a.follow(ctx, a.tickers.List()); err != nil {
		return nil, err
	}
	if len(a.pending) > 0 {
		return a.takePending(), nil
	}
	filling := a.fill != nil && a.answers == 0
	if filling && len(a.fill.calls) == 0 {
		a.fill = nil // what it fetched was returned
		return nil, nil
	}
	if filling && !time.Now().Before(a.fill.after) {
		events, err := a.step(ctx, a.fill)
		a.pending = events
		if err != nil {
			return nil, err
		}
		return a.takePending(), nil
	}
	wake, stop := a.alarm()
	defer stop()
	select {
	case frame, open := <-a.conn.frames:
		if !open {
			return nil, a.conn.err
		}
		return a.gather(ctx, frame)
	case <-changed:
		return nil, nil
	case <-wake:
		if a.answers > 0 && !time.Now().Before(a.deadline) {
			return nil, errors.New("alpaca does not answer a subscription")
		}
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// alarm wakes when the gap may be filled on, or an answer is overdue.
func (a *Alpaca) alarm() (wake <-chan time.Time, stop func() bool) {
	var at time.Time
	switch {
	case a.answers > 0:
		at = a.deadline
	case a.fill != nil:
		at = a.fill.after
	default:
		return nil, func() bool { return false }
	}
	timer := time.NewTimer(time.Until(at))
	return timer.C, timer.Stop
}

func (a *Alpaca) takePending() []schemas.Event {
	n := min(len(a.pending), maxBatch)
	events := a.pending[:n:n]
	a.pending = a.pending[n:]
	return events
}

// gather reads a frame and those that wait behind it.
func (a *Alpaca) gather(ctx context.Context, frame []byte) ([]schemas.Event, error) {
	var events []schemas.Event
	for {
		a.conn.took(frame)
		var err error
		if events, err = a.read(ctx, frame, events); err != nil || len(events) >= maxBatch {
			return events, err
		}
		select {
		case next, open := <-a.conn.frames:
			if !open {
				return events, a.conn.err
			}
			frame = next
		default:
			return events, nil
		}
	}
}

// follow brings the subscription in line with the followed list.
func (a *Alpaca) follow(ctx context.Context, list []string) error {
	if a.answers > 0 || (a.follows != nil && slices.Equal(list, a.list)) {
		return nil
	}
	a.joined = missing(list, a.list)
	a.list = slices.Clone(list)
	a.follows = make(map[string]bool, len(list))
	for _, ticker := range list {
		a.follows[ticker] = true
	}
	a.dec.know(a.list)
	return a.subscribe(ctx)
}

// subscribe says what changes, one message after the other's answer, so that an
// error can be told whose it is.
func (a *Alpaca) subscribe(ctx context.Context) error {
	to := a.cfg.wanted(a.list, a.plan)
	a.steps = change(a.conn.subscribed, to, a.cfg.SymbolLimit)
	a.conn.subscribed = to
	if rest := len(a.list) - a.cfg.SymbolLimit; rest > 0 && a.plan == planFull && !a.told {
		a.told = true
		a.log.InfoContext(ctx, "more tickers than the plan has trades and quotes for: the rest has minute bars",
			"limit", a.cfg.SymbolLimit, "rest", rest)
	}
	return a.sayNext(ctx)
}

// sayNext says the next step. After the last, what new tickers miss is fetched:
// from then on nothing can fall between the two.
func (a *Alpaca) sayNext(ctx context.Context) error {
	if len(a.steps) == 0 {
		since := a.mark
		if len(a.joined) < len(a.list) {
			since = earlier(since, start(a.cfg.Now().UTC()))
		}
		a.fill = a.fill.with(a.joined, since, a.conn.subscribed.Bars != nil)
		a.joined = nil
		return nil
	}
	step := a.steps[0]
	a.steps = a.steps[1:]
	a.answers++
	a.deadline = time.Now().Add(a.cfg.Handshake)
	if err := a.conn.say(ctx, step, a.cfg.Handshake); err != nil {
		return fmt.Errorf("alpaca's stream: %w", err)
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
