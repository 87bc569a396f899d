package stocks

import (
	"context"
	"log/slog"
	"time"

	"cashtag/schemas"
	"cashtag/streams/ingest"
)

// read adds the events of a frame.
func (a *Alpaca) read(ctx context.Context, frame []byte, events []schemas.Event) ([]schemas.Event, error) {
	var stop error
	broken, err := a.dec.frame(frame, func(m *message) {
		switch m.kind {
		case typeError:
			if err := a.complain(ctx, m); err != nil && stop == nil {
				stop = err
			}
		case typeSubscription:
			if a.answers == 0 {
				return
			}
			a.answers--
			if err := a.sayNext(ctx); err != nil && stop == nil {
				stop = err
			}
		default:
			events = a.keep(ctx, m, events)
		}
	})
	if err != nil {
		broken = append(broken, err)
	}
	a.malformed(ctx, broken...)
	return events, stop
}

// complain takes what the websocket has to complain of.
func (a *Alpaca) complain(ctx context.Context, m *message) error {
	switch {
	case m.code == codeTwice:
		return nil
	case m.code == codeSymbolLimit && a.plan < planBare && a.answers > 0:
		a.plan++
		a.answers--
		a.log.WarnContext(ctx, "alpaca accepts no more symbols: minute bars instead of trades and quotes", "tickers", len(a.list))
		// What was refused as a whole was not subscribed to.
		a.conn.subscribed = channels{}
		return a.subscribe(ctx)
	default:
		return streamError(m.code, m.text, a.cfg.ConnectionWait)
	}
}

// keep adds the events of one message, or counts why there is none.
func (a *Alpaca) keep(ctx context.Context, m *message, events []schemas.Event) []schemas.Event {
	if !a.follows[m.symbol] {
		if m.symbol != "" {
			a.tally.Count("", ingest.Filtered, 1)
		}
		return events
	}
	var (
		event schemas.Event
		err   error
		ok    = true
	)
	switch m.kind {
	case typeTrade:
		event, err = a.make.trade(m)
	case typeQuote:
		event, ok, err = a.make.book(m)
	case typeBar:
		if event, err = a.make.minuteBar(m); err == nil {
			a.advance(event.Time)
		}
	case typeStatus:
		return a.keepStatus(ctx, m, events)
	default:
		ok = false
	}
	switch {
	case err != nil:
		a.malformed(ctx, err)
	case !ok:
		a.tally.Count(m.symbol, ingest.Filtered, 1)
	default:
		events = append(events, event)
	}
	return events
}

func (a *Alpaca) keepStatus(ctx context.Context, m *message, events []schemas.Event) []schemas.Event {
	status, known := statusOf(m)
	if !known {
		a.tally.Count(m.symbol, ingest.Filtered, 1)
		return events
	}
	event, err := a.make.symbol(m, status)
	if err != nil {
		a.malformed(ctx, err)
		return events
	}
	if session, turned := a.breaker.turn(a.make, m, status); turned {
		a.log.WarnContext(ctx, "the feed states a market-wide change", "code", m.reasonCode, "reason", m.reason, "status", status)
		events = append(events, session)
	}
	return append(events, event)
}

// advance moves the mark to the end of a bar, unless the bar is of a future that
// our clock does not know.
func (a *Alpaca) advance(end time.Time) {
	if end.After(a.mark) && !end.After(a.cfg.Now().Add(ahead)) {
		a.mark = end
	}
}

// malformed counts what could not be read and says so at most once a minute.
func (a *Alpaca) malformed(ctx context.Context, errs ...error) {
	if len(errs) == 0 {
		return
	}
	a.tally.Count("", ingest.Malformed, len(errs))
	a.sample.warn(ctx, a.log, "alpaca sent what cannot be read", errs[0], len(errs))
}

// sampler lets one warning a minute through.
type sampler struct {
	last   time.Time
	unsaid int
}

func (s *sampler) warn(ctx context.Context, log *slog.Logger, what string, err error, n int) {
	s.unsaid += n
	if now := time.Now(); s.last.IsZero() || now.Sub(s.last) >= time.Minute {
		log.WarnContext(ctx, "malformed input", "what", what, "error", err, "count", s.unsaid)
		s.last, s.unsaid = now, 0
	}
}
