package stocks

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"cashtag/streams/ingest"
)

// The errors that Alpaca's websocket states.
const (
	codeSyntax        = 400
	codeUnauthorised  = 401
	codeRefused       = 402
	codeTwice         = 403
	codeAuthTimeout   = 404
	codeSymbolLimit   = 405
	codeConnections   = 406
	codeSlow          = 407
	codeSubscription  = 409
	codeNotForFeed    = 410
	codeScope         = 411
	codeInternalError = 500
)

// slowWait is the pause after a slow client was cut off.
const slowWait = time.Second

var (
	// ErrRefused is returned when Alpaca does not accept the keys.
	ErrRefused = errors.New("alpaca refuses the keys: check APCA_API_KEY_ID and APCA_API_SECRET_KEY")
	// ErrPlan is returned when the account's plan does not include the feed.
	ErrPlan = errors.New("the plan of the Alpaca account does not include this feed: use the feed iex, or another plan")
	// ErrSymbolLimit is returned when Alpaca accepts no subscription to the
	// followed tickers, not even to their bars alone.
	ErrSymbolLimit = errors.New("alpaca accepts no more symbols: follow fewer tickers")
	// ErrConnections is returned when another connection uses the same keys.
	ErrConnections = errors.New("another connection uses the same Alpaca keys: stop it, or use other keys")
	// ErrSlow is returned when Alpaca cut us off because we read too slowly.
	ErrSlow = errors.New("alpaca cut off a slow client")
)

// streamError says what to do about an error that the websocket stated.
func streamError(code int64, text string, wait time.Duration) error {
	switch code {
	case codeRefused, codeScope:
		return ingest.Fatal(fmt.Errorf("%w (%d %s)", ErrRefused, code, text))
	case codeSubscription, codeNotForFeed:
		return ingest.Fatal(fmt.Errorf("%w (%d %s)", ErrPlan, code, text))
	case codeSymbolLimit:
		return &ingest.Retry{After: time.Minute, Err: ErrSymbolLimit}
	case codeConnections:
		return &ingest.Retry{After: wait, Err: ErrConnections}
	case codeSlow:
		return &ingest.Retry{After: slowWait, Err: ErrSlow}
	default:
		return fmt.Errorf("alpaca says %d %s", code, text)
	}
}

// statusError says what to do about an HTTP status that is not 200. Keyed is
// whether keys were sent, so that it can be their fault.
func statusError(what string, res *http.Response, keyed bool, now time.Time) error {
	switch code := res.StatusCode; {
	case code == http.StatusUnauthorized && keyed:
		return ingest.Fatal(fmt.Errorf("%s: %w", what, ErrRefused))
	case code == http.StatusForbidden && keyed:
		return ingest.Fatal(fmt.Errorf("%s: %w, or %w", what, ErrRefused, ErrPlan))
	case code == http.StatusTooManyRequests:
		return &ingest.Retry{After: retryAfter(res.Header, now), Err: fmt.Errorf("%s: too many requests", what)}
	default:
		return &httpError{what: what, status: res.Status, code: res.StatusCode}
	}
}

const (
	defaultRetry = 30 * time.Second
	maxRetry     = 5 * time.Minute
)

// retryAfter reads how long to wait from what a server may say: Retry-After in
// seconds, or X-RateLimit-Reset as Unix time.
func retryAfter(h http.Header, now time.Time) time.Duration {
	wait := defaultRetry
	if s, err := strconv.ParseInt(h.Get("Retry-After"), 10, 32); err == nil {
		wait = time.Duration(s) * time.Second
	} else if s, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64); err == nil {
		wait = time.Unix(s, 0).Sub(now)
	}
	return min(max(wait, time.Second), maxRetry)
}

// httpError is an HTTP status that is neither success nor a matter of keys or pace.
type httpError struct {
	what, status string
	code         int
}

func (e *httpError) Error() string { return e.what + ": " + e.status }
