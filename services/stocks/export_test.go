package stocks

import (
	"context"
	"log/slog"
	"slices"

	"cashtag/schemas"
	"cashtag/streams/ingest"
)

// Frames reads frames without a connection.
type Frames struct{ a *Alpaca }

// NewFrames follows the tickers.
func NewFrames(tally ingest.Tally, log *slog.Logger, tickers ...string) Frames {
	cfg := DefaultConfig()
	cfg.Key, cfg.Secret = "K", "S"
	slices.Sort(tickers)
	a, err := NewAlpaca(cfg, ingest.Fixed(tickers), tally, log)
	if err != nil {
		panic(err)
	}
	a.conn = &connection{}
	a.follows = map[string]bool{}
	for _, ticker := range tickers {
		a.follows[ticker] = true
	}
	a.dec.know(tickers)
	return Frames{a}
}

// Read returns the events of a frame.
func (f Frames) Read(ctx context.Context, frame []byte) ([]schemas.Event, error) {
	return f.a.read(ctx, frame, nil)
}

// Answers reads a REST answer as every kind that there is.
func Answers(ctx context.Context, body []byte, tickers ...string) []schemas.Event {
	a := NewFrames(ingest.Uncounted{}, slog.New(slog.DiscardHandler), tickers...).a
	var events []schemas.Event
	_ = a.dec.snapshots(body, func(s *snapshot) { events = a.snapshotEvents(ctx, s, events) })
	_, _, _ = a.dec.bars(body, func(m *message) {
		m.kind = typeBar
		events = a.keep(ctx, m, events)
	})
	if quote, err := parseCboe(body); err == nil {
		c, err := NewCboe(DefaultConfig(), ingest.Fixed(tickers), ingest.Uncounted{}, slog.New(slog.DiscardHandler))
		if err != nil {
			panic(err)
		}
		events = append(events, c.events(ctx, tickers[0], quote)...)
	}
	return events
}
