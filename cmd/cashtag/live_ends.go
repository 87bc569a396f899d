package main

import (
	"fmt"
	"net/url"
	"strings"

	"cashtag/internal/watchlist"
	"cashtag/services/bluesky"
	"cashtag/services/stocks"
	"cashtag/services/twitter"
	"cashtag/streams/ingest"
)

// The environment variables of the vendors' secrets. Each may have _FILE behind its
// name, and then names a file.
const (
	xToken       = "X_BEARER_TOKEN"
	alpacaKey    = "APCA_API_KEY_ID"
	alpacaSecret = "APCA_API_SECRET_KEY"
)

// liveFlags say where the live sources read, and what. Secrets never stand in a
// flag. An address that is not given is the vendor's own.
type liveFlags struct {
	Tickers string `name:"tickers" env:"TICKERS" placeholder:"LIST" help:"Followed tickers, such as AAPL,MSFT, or @FILE with one or more a line. Default: 28 large companies."`

	XURL          string `name:"x-url" env:"X_URL" placeholder:"URL" help:"X's API. Its token comes from X_BEARER_TOKEN or X_BEARER_TOKEN_FILE."`
	XDailyReads   *int   `name:"x-daily-reads" env:"X_DAILY_READS" placeholder:"N" help:"Posts read from X in a UTC day at most, 0 for no bound. Each costs $0.005. Default: 2000."`
	XMonthlyReads *int   `name:"x-monthly-reads" env:"X_MONTHLY_READS" placeholder:"N" help:"Posts read from X in a UTC month at most, 0 for no bound. Default: 40000."`

	BlueskyURL []string `name:"bluesky-url" env:"BLUESKY_URL" placeholder:"URL" help:"Jetstream instances of Bluesky, ws or wss."`

	AlpacaStreamURL  string `name:"alpaca-stream-url" env:"ALPACA_STREAM_URL" placeholder:"URL" help:"Alpaca's websocket. Keys come from APCA_API_KEY_ID and APCA_API_SECRET_KEY, or files named by the same with _FILE."`
	AlpacaDataURL    string `name:"alpaca-data-url" env:"ALPACA_DATA_URL" placeholder:"URL" help:"Alpaca's API of prices."`
	AlpacaTradingURL string `name:"alpaca-trading-url" env:"ALPACA_TRADING_URL" placeholder:"URL" help:"Alpaca's API of the account; https://paper-api.alpaca.markets for a paper account."`
	CboeURL          string `name:"cboe-url" env:"CBOE_URL" placeholder:"URL" help:"Cboe's delayed quotes, which are read without keys of Alpaca."`
}

// liveEnds is where the sources of one process read. Each configuration validates.
type liveEnds struct {
	twitter *twitter.Config // nil without a token
	bluesky *bluesky.Config
	stocks  *stocks.Config // without keys it reads Cboe
	tickers []string       // sorted
	// missing says in one line each what is not read, or not in time, for want of
	// which variable.
	missing []string
}

// String gives what is read, without the secrets.
func (e liveEnds) String() string {
	return fmt.Sprintf("%d tickers, x %t, bluesky %t, alpaca %t", len(e.tickers), e.twitter != nil, e.bluesky != nil, e.stocks != nil && e.stocks.Key != "")
}

// GoString is String, for %#v.
func (e liveEnds) GoString() string { return e.String() }

// resolve makes the sources' configurations, with the secrets of env. An error is
// one line and holds no secret.
func (f liveFlags) resolve(env environment) (liveEnds, error) {
	if err := f.checkURLs(); err != nil {
		return liveEnds{}, err
	}
	var ends liveEnds
	var err error
	if ends.tickers, err = followed(f.Tickers, env); err != nil {
		return liveEnds{}, err
	}
	if ends.twitter, err = f.twitter(env); err != nil {
		return liveEnds{}, err
	}
	if ends.twitter == nil {
		ends.missing = append(ends.missing, "x is not read: "+xToken+" is not set, nor "+xToken+"_FILE")
	}
	if ends.bluesky, err = f.bluesky(ends.tickers); err != nil {
		return liveEnds{}, err
	}
	if ends.stocks, err = f.stocks(env); err != nil {
		return liveEnds{}, err
	}
	if ends.stocks.Key == "" {
		ends.missing = append(ends.missing, "quotes are Cboe's, about 15 minutes late: "+alpacaKey+" and "+alpacaSecret+" are not set")
	}
	return ends, nil
}

// followed is the list that a flag gives, or the file that it names.
func followed(flag string, env environment) ([]string, error) {
	if flag == "" {
		return watchlist.Default(), nil
	}
	path, isFile := strings.CutPrefix(flag, "@")
	if isFile {
		content, err := env.readFile(path)
		if err != nil {
			return nil, usageError("--tickers names %s: cannot read it: %v", path, causeOf(err))
		}
		flag = string(content)
	}
	tickers, err := watchlist.Parse(flag)
	switch {
	case err != nil && isFile:
		return nil, usageError("--tickers names %s: %v", path, err)
	case err != nil:
		return nil, usageError("--%v", err)
	}
	return tickers, nil
}

// checkURLs refuses an address with a password in it, which no other check may
// repeat.
func (f liveFlags) checkURLs() error {
	for _, given := range []struct {
		flag      string
		addresses []string
	}{
		{"--x-url", []string{f.XURL}},
		{"--bluesky-url", f.BlueskyURL},
		{"--alpaca-stream-url", []string{f.AlpacaStreamURL}},
		{"--alpaca-data-url", []string{f.AlpacaDataURL}},
		{"--alpaca-trading-url", []string{f.AlpacaTradingURL}},
		{"--cboe-url", []string{f.CboeURL}},
	} {
		for _, address := range given.addresses {
			if u, err := url.Parse(address); err != nil || u.User != nil {
				return usageError("%s: must be a URL without a user or password", given.flag)
			}
		}
	}
	return nil
}

func (f liveFlags) twitter(env environment) (*twitter.Config, error) {
	token, err := env.secret(xToken)
	if token == "" {
		return nil, err
	}
	cfg := twitter.DefaultConfig()
	cfg.Bearer = twitter.Token(token)
	replace(&cfg.BaseURL, f.XURL)
	if f.XDailyReads != nil {
		cfg.DailyReads = *f.XDailyReads
	}
	if f.XMonthlyReads != nil {
		cfg.MonthlyReads = *f.XMonthlyReads
	}
	if err := cfg.Validate(); err != nil {
		return nil, usageError("x: %v", err)
	}
	return &cfg, nil
}

func (f liveFlags) bluesky(tickers []string) (*bluesky.Config, error) {
	cfg := bluesky.DefaultConfig()
	cfg.Tickers = ingest.Fixed(tickers)
	if len(f.BlueskyURL) > 0 {
		cfg.V2, cfg.V1 = f.BlueskyURL, f.BlueskyURL
	}
	if err := cfg.Validate(); err != nil {
		return nil, usageError("%v", err)
	}
	return &cfg, nil
}

func (f liveFlags) stocks(env environment) (*stocks.Config, error) {
	cfg := stocks.DefaultConfig()
	for _, want := range []struct {
		name string
		to   *string
	}{{alpacaKey, &cfg.Key}, {alpacaSecret, &cfg.Secret}} {
		value, err := env.secret(want.name)
		if err != nil {
			return nil, err
		}
		if strings.ContainsFunc(value, unfitForHeader) {
			return nil, usageError("%s is no key of Alpaca: want what Alpaca shows, without spaces, line ends or quotes", want.name)
		}
		*want.to = value
	}
	set, unset := alpacaKey, alpacaSecret
	if cfg.Key == "" {
		set, unset = unset, set
	}
	if (cfg.Key == "") != (cfg.Secret == "") {
		return nil, usageError("%s is set without %s: set both, or neither for Cboe's delayed quotes", set, unset)
	}
	replace(&cfg.StreamURL, f.AlpacaStreamURL)
	replace(&cfg.DataURL, f.AlpacaDataURL)
	replace(&cfg.TradingURL, f.AlpacaTradingURL)
	replace(&cfg.CboeURL, f.CboeURL)
	if err := cfg.Validate(); err != nil {
		return nil, usageError("stocks: %v", err)
	}
	return &cfg, nil
}

func unfitForHeader(r rune) bool { return r <= ' ' || r == '"' || r > '~' }

// replace sets a value where there is another.
func replace(value *string, by string) {
	if by != "" {
		*value = by
	}
}
