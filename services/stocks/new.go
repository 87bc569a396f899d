package stocks

import (
	"log/slog"

	"cashtag/streams/ingest"
)

// New returns the source that the configuration has keys for: Alpaca, or Cboe
// without.
func New(cfg Config, tickers ingest.Tickers, tally ingest.Tally, log *slog.Logger) (ingest.Source, error) {
	if cfg.Key == "" && cfg.Secret == "" {
		return NewCboe(cfg, tickers, tally, log)
	}
	return NewAlpaca(cfg, tickers, tally, log)
}
