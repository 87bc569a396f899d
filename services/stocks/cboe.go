package stocks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cashtag/schemas"
	"cashtag/streams/ingest"

	"golang.org/x/time/rate"
)

// Cboe is the Source without keys: it asks for the delayed quote of one followed
// ticker after the other, at the pace of Config.PollsPerMinute. Its cursor is the
// time of the latest trade it knows of; there is no gap to fill, since each answer
// says how the day went so far.
type Cboe struct {
	cfg     Config
	tickers ingest.Tickers
	tally   ingest.Tally
	log     *slog.Logger
	make    maker
	rest    *rest
	sample  sampler

	next int // which ticker's turn it is
	seen map[string]seen
	mark time.Time
}

// seen is what a ticker's last answer was about.
type seen struct {
	at       time.Time
	volume   int64
	bid, ask float64
	previous time.Time // session whose close was stated
}

var _ ingest.Source = (*Cboe)(nil)

// NewCboe returns a source that asks at the first Next.
func NewCboe(cfg Config, tickers ingest.Tickers, tally ingest.Tally, log *slog.Logger) (*Cboe, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	source := schemas.SourceCboe
	if schemas.IsDemo(cfg.Source) {
		source = strings.TrimSuffix(schemas.SourceDemoIEX, schemas.SourceIEX) + schemas.SourceCboe
	}
	return &Cboe{
		cfg: cfg, tickers: tickers, tally: tally, log: log,
		make: newMaker(source, schemas.FeedCboe, schemas.DelayDelayed),
		rest: cboeREST(cfg),
		seen: map[string]seen{},
	}, nil
}

// cboeREST never lets two calls follow each other without a pause.
func cboeREST(cfg Config) *rest {
	r := newREST(cfg.PollsPerMinute, cfg.Request, http.Header{})
	r.pace = rate.NewLimiter(rate.Every(time.Minute/time.Duration(cfg.PollsPerMinute)), 1)
	return r
}

// Next implements ingest.Source.
func (c *Cboe) Next(ctx context.Context, cursor string) ([]schemas.Event, string, error) {
	if at, err := time.Parse(time.RFC3339, cursor); err == nil && at.After(c.mark) {
		c.mark = at.UTC()
	}
	for {
		changed := c.tickers.Changed()
		list := c.tickers.List()
		if len(list) == 0 {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return nil, cursor, ctx.Err()
			}
		}
		c.forget(list)
		events, err := c.poll(ctx, list[c.next%len(list)])
		if err != nil {
			return nil, cursor, err
		}
		c.next++
		if len(events) > 0 {
			return events, c.mark.Format(time.RFC3339), nil
		}
	}
}

// forget drops what is known of tickers that are no longer followed.
func (c *Cboe) forget(list []string) {
	for ticker := range c.seen {
		if !slices.Contains(list, ticker) {
			delete(c.seen, ticker)
		}
	}
}

// poll asks for one ticker. A ticker that Cboe does not know, and an answer that
// cannot be read, are counted, and do not keep the others waiting.
func (c *Cboe) poll(ctx context.Context, ticker string) ([]schemas.Event, error) {
	quote, err := c.read(ctx, ticker)
	var bad *quoteError
	switch {
	case errors.As(err, &bad):
		c.tally.Count(ticker, ingest.Malformed, 1)
		c.sample.warn(ctx, c.log, "cboe sent what cannot be read", err, 1)
		return nil, nil
	case err != nil:
		c.next++ // so that one ticker's trouble is not all tickers'
		return nil, err
	case quote == nil:
		c.tally.Count(ticker, ingest.Filtered, 1)
		return nil, nil
	}
	return c.events(ctx, ticker, quote), nil
}

// read returns nil for a ticker that Cboe does not know.
func (c *Cboe) read(ctx context.Context, ticker string) (*cboeQuote, error) {
	body, err := c.rest.get(ctx, "cboe's quote of "+ticker, c.cfg.CboeURL, cboePath(ticker), nil)
	var status *httpError
	if errors.As(err, &status) && (status.code == http.StatusNotFound || status.code == http.StatusForbidden) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	quote, err := parseCboe(body)
	if err != nil {
		return nil, &quoteError{fmt.Errorf("cboe's quote of %s: %w", ticker, err)}
	}
	return quote, nil
}

func cboePath(ticker string) string {
	return "/api/global/delayed_quotes/quotes/" + url.PathEscape(ticker) + ".json"
}

// quoteError marks an answer that is none.
type quoteError struct{ error }

func (b *quoteError) Unwrap() error { return b.error }

// events are what is new in an answer.
func (c *Cboe) events(ctx context.Context, ticker string, quote *cboeQuote) []schemas.Event {
	was := c.seen[ticker]
	now := seen{at: quote.at, volume: quote.volume, bid: quote.bid, ask: quote.ask, previous: was.previous}
	if now == was {
		c.tally.Count(ticker, ingest.Duplicate, 1)
		return nil
	}
	var events []schemas.Event
	add := func(event schemas.Event, ok bool, err error) {
		if err != nil {
			c.tally.Count(ticker, ingest.Malformed, 1)
			c.sample.warn(ctx, c.log, "cboe sent what cannot be read", err, 1)
			return
		}
		if ok {
			events = append(events, event)
		}
	}
	if previous, ok := previousClose(quote.at); ok && !previous.Equal(was.previous) {
		add(c.make.previous(ticker, previous, quote))
		now.previous = previous
	}
	add(c.make.delayedDay(ticker, quote))
	add(c.make.delayedBook(ticker, quote))
	c.seen[ticker] = now
	if quote.at.After(c.mark) {
		c.mark = quote.at
	}
	return events
}
