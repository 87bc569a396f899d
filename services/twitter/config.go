package twitter

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"time"

	"cashtag/schemas"
)

// Config says where posts are read, which ones, and how many.
type Config struct {
	// BaseURL is where the API answers, without a path. It is https, or http on
	// this machine.
	BaseURL string
	// Bearer is the app-only token.
	Bearer Token
	// Source is the CloudEvents source of the events: schemas.SourceX, or
	// schemas.SourceDemoX where what answers is synthetic.
	Source string
	// Lang keeps posts of this language alone, as X tells it; "" keeps all.
	Lang string
	// Retweets keeps retweets too.
	Retweets bool
	// DailyReads and MonthlyReads bound the posts read a UTC day and a UTC month;
	// 0 is no bound.
	DailyReads, MonthlyReads int
	// GapReads bounds the posts read to fill one gap, the newest first; 0 is no
	// bound. Without it a night, or a long weekend, is bought at the opening and
	// leaves nothing of the day's budget for the day.
	GapReads int
	// Silence is how long the stream may say nothing, not even that it is alive.
	Silence time.Duration
	// SearchLag is how far recent search ends before now. A gap is searched again
	// that long after the connection.
	SearchLag time.Duration
	// Overlap is how far before the last known post a search begins, because the
	// stream does not deliver in strict order. What is read twice in a day is paid
	// once.
	Overlap time.Duration
	// Backoff is how long to wait before the next attempt.
	Backoff Backoff
	// Now is the clock of budgets, and of when reading began where nothing was
	// read yet; nil is time.Now.
	Now func() time.Time
}

// BaseURL is where X answers.
const BaseURL = "https://api.x.com"

// DefaultConfig reads English posts from X, no retweets, as the first version of
// this program did. Bearer is left to the caller.
//
// A post read costs $0.005 (2026), and X stops a pay-per-use app at 3,000,000
// posts a month, which is $15,000. 2,000 a day and 40,000 a month are $10 a day and
// $200 a month at most, 75 times below the cap: dear mistakes, such as a ticker
// that is also a word of the day, end there. Who wants more says so.
func DefaultConfig() Config {
	return Config{
		BaseURL:      BaseURL,
		Source:       schemas.SourceX,
		Lang:         "en",
		DailyReads:   2000,
		MonthlyReads: 40_000,
		GapReads:     500,
		Silence:      30 * time.Second,
		SearchLag:    35 * time.Second,
		Overlap:      time.Minute,
		Backoff:      DefaultBackoff(),
	}
}

var (
	tokenPattern = regexp.MustCompile(`^[A-Za-z0-9._~+/%-]+=*$`)
	langPattern  = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z]{2,4})?$`)
)

// maxReads is X's own cap of a month.
const maxReads = 3_000_000

// Validate returns an error that names the field, its value and what is allowed. It
// never quotes the token.
func (c Config) Validate() error {
	if err := validBase(c.BaseURL); err != nil {
		return err
	}
	switch {
	case c.Bearer == "":
		return errors.New("bearer token of X is missing: set X_BEARER_TOKEN, or X_BEARER_TOKEN_FILE to a file that holds it")
	case !tokenPattern.MatchString(string(c.Bearer)):
		return errors.New("bearer token of X is none: want the app-only token as X shows it, without \"Bearer\", spaces or quotes")
	case c.Source != schemas.SourceX && c.Source != schemas.SourceDemoX:
		return fmt.Errorf("source is %q: must be %s or %s", c.Source, schemas.SourceX, schemas.SourceDemoX)
	case c.Lang != "" && !langPattern.MatchString(c.Lang):
		return fmt.Errorf("lang is %q: must be a language code such as en, or empty for all", c.Lang)
	case c.DailyReads < 0 || c.DailyReads > maxReads:
		return fmt.Errorf("daily reads is %d: must be from 0 (no bound) to %d", c.DailyReads, maxReads)
	case c.MonthlyReads < 0 || c.MonthlyReads > maxReads:
		return fmt.Errorf("monthly reads is %d: must be from 0 (no bound) to %d", c.MonthlyReads, maxReads)
	case c.GapReads < 0 || c.GapReads > maxReads:
		return fmt.Errorf("gap reads is %d: must be from 0 (no bound) to %d", c.GapReads, maxReads)
	}
	for _, d := range []struct {
		field    string
		value    time.Duration
		min, max time.Duration
	}{
		{"silence", c.Silence, time.Millisecond, 5 * time.Minute},
		{"search lag", c.SearchLag, time.Millisecond, 10 * time.Minute},
		{"overlap", c.Overlap, 0, time.Hour},
	} {
		if d.value < d.min || d.value > d.max {
			return fmt.Errorf("%s is %s: must be from %s to %s", d.field, d.value, d.min, d.max)
		}
	}
	return c.Backoff.validate()
}

// validBase refuses to send a token in the clear over a network.
func validBase(base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("base URL is %q: must be such as %s, without a path", base, BaseURL)
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return fmt.Errorf("base URL is %q: must be https, or http on this machine, since it carries a token", base)
	}
	return nil
}
