package stocks

import (
	"context"
	"log/slog"
	"time"

	"cashtag/schemas"
	"cashtag/streams/ingest"
)

// Decoder turns frames of Alpaca's websocket into events. It is not safe for
// concurrent use.
type Decoder struct{ alpaca *Alpaca }

// NewDecoder returns a decoder that keeps what is said of the tickers. Of cfg only
// Source matters.
func NewDecoder(cfg Config, tickers []string) *Decoder {
	cfg.Now = time.Now
	a := &Alpaca{
		cfg: cfg, tally: ingest.Uncounted{}, log: slog.New(slog.DiscardHandler),
		make: newMaker(cfg.Source, schemas.FeedIEX, schemas.DelayRealTime),
		dec:  newDecoder(), follows: make(map[string]bool, len(tickers)),
	}
	for _, ticker := range tickers {
		a.follows[ticker] = true
	}
	a.dec.know(tickers)
	return &Decoder{a}
}

// Decode returns the events of one frame, or the error that the frame states.
func (d *Decoder) Decode(ctx context.Context, frame []byte) ([]schemas.Event, error) {
	return d.alpaca.read(ctx, frame, nil)
}
