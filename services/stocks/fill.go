package stocks

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"cashtag/schemas"
	"cashtag/streams/ingest"
)

const (
	// together is how many tickers one REST call asks for.
	together = 50
	// pageSize is how many bars a page has at most; 10,000 is Alpaca's limit.
	pageSize = "10000"
	// maxPages bounds the pages of one call, should a token lead in a circle.
	maxPages = 500
	// firstWait and longestWait bound the pause after a call that failed.
	firstWait   = 2 * time.Second
	longestWait = time.Minute
)

// fill is what has still to be fetched: snapshots of tickers, and the minute bars
// that they miss since a time.
type fill struct {
	since   time.Time
	bars    bool // whether bars are asked for
	tickers []string
	calls   []call
	after   time.Time // not before
	wait    time.Duration
}

// call is one REST call.
type call struct {
	snapshots bool
	tickers   []string
	page      string
	pages     int
}

// plan lists the calls anew, snapshots first.
func (f *fill) plan() {
	f.calls = nil
	for chunk := range slices.Chunk(f.tickers, together) {
		f.calls = append(f.calls, call{snapshots: true, tickers: chunk})
	}
	if !f.bars {
		return
	}
	for chunk := range slices.Chunk(f.tickers, together) {
		f.calls = append(f.calls, call{tickers: chunk})
	}
}

// with adds tickers to what f has still to fetch; f may be nil.
func (f *fill) with(tickers []string, since time.Time, bars bool) *fill {
	if f != nil {
		tickers = slices.Concat(f.tickers, tickers)
		slices.Sort(tickers)
		tickers = slices.Compact(tickers)
		since = earlier(f.since, since)
	}
	if len(tickers) == 0 {
		return f
	}
	next := &fill{since: since, bars: bars, tickers: tickers}
	next.plan()
	return next
}

// step makes one call. An error that is no fatal one puts it off; it is logged,
// and the stream goes on meanwhile.
func (a *Alpaca) step(ctx context.Context, f *fill) ([]schemas.Event, error) {
	next := f.calls[0]
	events, page, err := a.fetch(ctx, f, next)
	if err != nil {
		if ingest.IsFatal(err) || ctx.Err() != nil {
			return nil, err
		}
		f.wait = min(max(2*f.wait, firstWait), longestWait)
		pause := f.wait
		if retry, ok := errors.AsType[*ingest.Retry](err); ok {
			pause = retry.After
		}
		f.after = time.Now().Add(pause)
		a.log.WarnContext(ctx, "filling a gap waits", "error", err, "wait_ms", pause.Milliseconds())
		return nil, nil
	}
	f.wait, f.after = 0, time.Time{}
	if page == "" {
		f.calls = f.calls[1:]
		return events, nil
	}
	f.calls[0].page = page
	f.calls[0].pages++
	if page == next.page || f.calls[0].pages > maxPages {
		return events, fmt.Errorf("alpaca's bars: page %q after page %q, after %d pages: it does not end", page, next.page, next.pages)
	}
	return events, nil
}

func (a *Alpaca) fetch(ctx context.Context, f *fill, c call) (events []schemas.Event, page string, err error) {
	query := url.Values{"symbols": {strings.Join(c.tickers, ",")}, "feed": {"iex"}}
	if c.snapshots {
		body, err := a.rest.get(ctx, "alpaca's snapshots", a.cfg.DataURL, "/v2/stocks/snapshots", query)
		if err != nil {
			return nil, "", err
		}
		err = a.dec.snapshots(body, func(s *snapshot) { events = a.snapshotEvents(ctx, s, events) })
		if err != nil {
			return events, "", fmt.Errorf("alpaca's snapshots: %w", err)
		}
		return events, "", nil
	}
	query.Set("timeframe", "1Min")
	query.Set("adjustment", "raw")
	query.Set("start", f.since.Add(-overlap).Truncate(time.Minute).Format(time.RFC3339))
	query.Set("limit", pageSize)
	if c.page != "" {
		query.Set("page_token", c.page)
	}
	body, err := a.rest.get(ctx, "alpaca's bars", a.cfg.DataURL, "/v2/stocks/bars", query)
	if err != nil {
		return nil, "", err
	}
	page, broken, err := a.dec.bars(body, func(m *message) {
		m.kind = typeBar
		events = a.keep(ctx, m, events)
	})
	a.malformed(ctx, broken...)
	if err != nil {
		return events, "", fmt.Errorf("alpaca's bars: %w", err)
	}
	return events, page, nil
}

// snapshotEvents adds what a snapshot says of the kinds that are kept. Its minute is
// among those that are fetched next, in order.
func (a *Alpaca) snapshotEvents(ctx context.Context, s *snapshot, events []schemas.Event) []schemas.Event {
	if !a.follows[s.symbol] {
		return events
	}
	if a.cfg.Daily {
		events = a.addDay(ctx, &s.dayAgo, s.day.at, events)
		last := s.minute.at.Add(time.Minute)
		if s.minute.at.IsZero() || s.trade.at.After(last) {
			last = s.trade.at
		}
		events = a.addDay(ctx, &s.day, last, events)
	}
	for _, part := range []struct {
		kind string
		keep bool
		m    *message
	}{
		{typeQuote, a.cfg.Quotes, &s.quote},
		{typeTrade, a.cfg.Trades, &s.trade},
	} {
		if part.keep && !part.m.at.IsZero() {
			part.m.kind = part.kind
			events = a.keep(ctx, part.m, events)
		}
	}
	return events
}

func (a *Alpaca) addDay(ctx context.Context, m *message, last time.Time, events []schemas.Event) []schemas.Event {
	event, ok, err := a.make.dayBar(m, last)
	if err != nil {
		a.malformed(ctx, err)
	}
	if ok {
		events = append(events, event)
	}
	return events
}
