package stocks

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"cashtag/schemas"
)

// Config says where quotes come from and which of them are kept. The zero value is
// not usable: start from DefaultConfig.
type Config struct {
	// StreamURL is Alpaca's websocket, the feed included.
	StreamURL string
	// DataURL is Alpaca's REST API of prices, without a path.
	DataURL string
	// TradingURL is Alpaca's REST API of the account, asked for its clock when the
	// keys are checked. Keys of a paper account have another:
	// https://paper-api.alpaca.markets.
	TradingURL string
	// CboeURL is the server of Cboe's delayed quotes, without a path.
	CboeURL string
	// Key and Secret are Alpaca's. Both empty means Cboe. A Config prints, logs and
	// encodes without them.
	Key, Secret string
	// Source is the CloudEvents source of Alpaca's events: schemas.SourceIEX or, in
	// a synthetic world, schemas.SourceDemoIEX. Cboe's follow suit.
	Source string
	// SymbolLimit is of how many tickers trades, quotes and statuses are subscribed
	// to: 30 on the free plan. Of the rest there are minute bars.
	SymbolLimit int
	// Trades, Quotes, Bars and Statuses say which kinds are subscribed to. At least
	// one is.
	Trades, Quotes, Bars, Statuses bool
	// Daily keeps the bars of whole days that come with a snapshot. A recorded or
	// synthetic day is played without: they are not on its tape.
	Daily bool
	// Handshake bounds dialling, authentication and the answer to a subscription
	// each; Alpaca itself gives 10 seconds.
	Handshake time.Duration
	// PingEvery is how often the connection is tried; an answer must come within
	// the same time.
	PingEvery time.Duration
	// Request bounds one REST call.
	Request time.Duration
	// ConnectionWait is the pause after Alpaca counted another connection of ours.
	ConnectionWait time.Duration
	// MaxGap is how far back a gap is filled.
	MaxGap time.Duration
	// RequestsPerMinute paces Alpaca's REST API; the free plan allows 200.
	RequestsPerMinute int
	// PollsPerMinute paces Cboe, over all tickers.
	PollsPerMinute int
	// Now is the market's clock, time.Now where it is nil. Only where a gap ends
	// depends on it.
	Now func() time.Time
}

// DefaultConfig is the free plan, without keys.
func DefaultConfig() Config {
	return Config{
		StreamURL:         "wss://stream.data.alpaca.markets/v2/iex",
		DataURL:           "https://data.alpaca.markets",
		TradingURL:        "https://api.alpaca.markets",
		CboeURL:           "https://cdn.cboe.com",
		Source:            schemas.SourceIEX,
		SymbolLimit:       30,
		Trades:            true,
		Quotes:            true,
		Bars:              true,
		Statuses:          true,
		Daily:             true,
		Handshake:         10 * time.Second,
		PingEvery:         10 * time.Second,
		Request:           15 * time.Second,
		ConnectionWait:    10 * time.Second,
		MaxGap:            7 * 24 * time.Hour,
		RequestsPerMinute: 150,
		PollsPerMinute:    30,
	}
}

const (
	maxSymbolLimit = 10_000
	maxPerMinute   = 10_000
)

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	for _, u := range []struct {
		name, value string
		schemes     []string
	}{
		{"stream url", c.StreamURL, []string{"ws", "wss"}},
		{"data url", c.DataURL, []string{"http", "https"}},
		{"trading url", c.TradingURL, []string{"http", "https"}},
		{"cboe url", c.CboeURL, []string{"http", "https"}},
	} {
		parsed, err := url.Parse(u.value)
		if err != nil || parsed.Host == "" || parsed.User != nil || !slices.Contains(u.schemes, parsed.Scheme) {
			return fmt.Errorf("%s is %q: must be a URL that begins with %s://, without a user", u.name, u.value, u.schemes[1])
		}
	}
	if err := c.validTimes(); err != nil {
		return err
	}
	switch {
	case (c.Key == "") != (c.Secret == ""):
		return errors.New("key and secret of Alpaca: must be given both (APCA_API_KEY_ID and APCA_API_SECRET_KEY) or neither")
	case c.Source != schemas.SourceIEX && c.Source != schemas.SourceDemoIEX:
		return fmt.Errorf("source is %q: must be %s or %s", c.Source, schemas.SourceIEX, schemas.SourceDemoIEX)
	case !c.Trades && !c.Quotes && !c.Bars && !c.Statuses:
		return errors.New("trades, quotes, bars and statuses are all off: at least one must be on")
	case c.SymbolLimit < 1 || c.SymbolLimit > maxSymbolLimit:
		return fmt.Errorf("symbol limit is %d: must be from 1 to %d", c.SymbolLimit, maxSymbolLimit)
	case c.RequestsPerMinute < 1 || c.RequestsPerMinute > maxPerMinute:
		return fmt.Errorf("requests per minute is %d: must be from 1 to %d", c.RequestsPerMinute, maxPerMinute)
	case c.PollsPerMinute < 1 || c.PollsPerMinute > maxPerMinute:
		return fmt.Errorf("polls per minute is %d: must be from 1 to %d", c.PollsPerMinute, maxPerMinute)
	}
	return nil
}

func (c Config) validTimes() error {
	for _, d := range []struct {
		name       string
		value, min time.Duration
	}{
		{"handshake", c.Handshake, time.Millisecond},
		{"ping every", c.PingEvery, time.Millisecond},
		{"request", c.Request, time.Millisecond},
		{"connection wait", c.ConnectionWait, time.Millisecond},
		{"max gap", c.MaxGap, time.Minute},
	} {
		if d.value < d.min {
			return fmt.Errorf("%s is %s: must be at least %s", d.name, d.value, d.min)
		}
	}
	return nil
}

// String gives the configuration without its secrets.
func (c Config) String() string {
	return fmt.Sprintf("stream %q, data %q, trading %q, cboe %q, source %q, keys %t",
		c.StreamURL, c.DataURL, c.TradingURL, c.CboeURL, c.Source, c.Key != "")
}

// GoString is String, for %#v.
func (c Config) GoString() string { return c.String() }

// LogValue implements slog.LogValuer without the secrets.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON encodes what String gives.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }
