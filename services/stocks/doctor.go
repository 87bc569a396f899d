package stocks

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
)

// Check tries one endpoint for real.
type Check struct {
	Name string                          // what is tried, such as "alpaca stream"
	URL  string                          // where
	Run  func(ctx context.Context) error // nil, or one line that says what is wrong and what to do
}

// probe is the ticker that a check reads.
const probe = "AAPL"

// Checks tries what the configuration uses, in order: with keys Alpaca's account,
// stream and prices, without them Cboe's. Each takes at most the time of a request
// and a handshake, and leaves nothing behind.
func Checks(cfg Config) []Check {
	if cfg.Key == "" {
		return []Check{{Name: "cboe quote", URL: cfg.CboeURL, Run: explained(cfg.CboeURL, cfg.checkCboe)}}
	}
	return []Check{
		{Name: "alpaca account", URL: cfg.TradingURL, Run: explained(cfg.TradingURL, cfg.checkClock)},
		{Name: "alpaca stream", URL: cfg.StreamURL, Run: explained(cfg.StreamURL, cfg.checkStream)},
		{Name: "alpaca prices", URL: cfg.DataURL, Run: explained(cfg.DataURL, cfg.checkData)},
	}
}

func (c Config) checkClock(ctx context.Context) error {
	_, err := alpacaREST(c).get(ctx, "alpaca's clock", c.TradingURL, "/v2/clock", nil)
	if errors.Is(err, ErrRefused) {
		return fmt.Errorf("%w; keys of a paper account belong to https://paper-api.alpaca.markets", err)
	}
	return err
}

func (c Config) checkStream(ctx context.Context) error {
	conn, err := dial(ctx, c)
	if err != nil {
		return err
	}
	defer conn.close()
	return conn.authenticate(ctx, c, newDecoder())
}

func (c Config) checkData(ctx context.Context) error {
	query := url.Values{"symbols": {probe}, "feed": {"iex"}}
	body, err := alpacaREST(c).get(ctx, "alpaca's snapshot of "+probe, c.DataURL, "/v2/stocks/snapshots", query)
	if err != nil {
		return err
	}
	known := false
	err = newDecoder().snapshots(body, func(s *snapshot) { known = known || s.symbol == probe })
	switch {
	case err != nil:
		return fmt.Errorf("alpaca's snapshot of %s cannot be read, is this Alpaca's data URL: %w", probe, err)
	case !known:
		return fmt.Errorf("alpaca's snapshot of %s is empty: is this Alpaca's data URL", probe)
	}
	return nil
}

func (c Config) checkCboe(ctx context.Context) error {
	source, err := NewCboe(c, nil, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	quote, err := source.read(ctx, probe)
	if err == nil && quote == nil {
		return fmt.Errorf("cboe does not know %s: is this Cboe's URL", probe)
	}
	return err
}

// explained puts an error into one line with what to do about it.
func explained(address string, check func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := check(ctx)
		if err == nil {
			return nil
		}
		host := address
		if u, parsed := url.Parse(address); parsed == nil {
			host = u.Host
		}
		return adviceError{advice(err, host), err}
	}
}

func advice(err error, host string) string {
	var (
		dns    *net.DNSError
		cert   *tls.CertificateVerificationError
		dialed *net.OpError
	)
	switch {
	case errors.As(err, &dns):
		return host + " has no address: check the name, and the network's DNS"
	case errors.As(err, &cert):
		return host + " shows a certificate that is not trusted: check the machine's clock and what stands between"
	case errors.Is(err, context.DeadlineExceeded):
		return host + " does not answer in time: check the network and its proxy"
	case errors.As(err, &dialed) && dialed.Op == "dial":
		return host + " cannot be reached: check the network and its proxy"
	}
	return ""
}

// adviceError is an error with advice before it.
type adviceError struct {
	advice string
	err    error
}

func (o adviceError) Error() string {
	text := strings.Join(strings.Fields(o.err.Error()), " ")
	if o.advice == "" {
		return text
	}
	return o.advice + " (" + text + ")"
}

func (o adviceError) Unwrap() error { return o.err }
