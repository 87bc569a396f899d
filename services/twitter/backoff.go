package twitter

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"cashtag/streams/ingest"
)

// Backoff is X's three schedules of reconnecting.
type Backoff struct {
	// Network is added with each failure of the network after the first, which is
	// tried again at once, up to NetworkMax.
	Network, NetworkMax time.Duration
	// Server is the first wait after an error of the server, doubled up to
	// ServerMax.
	Server, ServerMax time.Duration
	// RateLimit is the first wait after a 429, doubled up to RateLimitMax; the
	// hour at which the limit ends, which X tells, comes on top of both.
	RateLimit, RateLimitMax time.Duration
}

// DefaultBackoff is what X asks for. A rate limit's window is 15 minutes, so its
// wait grows no longer than that.
func DefaultBackoff() Backoff {
	return Backoff{
		Network: 250 * time.Millisecond, NetworkMax: 16 * time.Second,
		Server: 5 * time.Second, ServerMax: 320 * time.Second,
		RateLimit: time.Minute, RateLimitMax: 15 * time.Minute,
	}
}

func (b Backoff) validate() error {
	for _, pair := range []struct {
		field      string
		first, max time.Duration
	}{
		{"backoff network", b.Network, b.NetworkMax},
		{"backoff server", b.Server, b.ServerMax},
		{"backoff rate limit", b.RateLimit, b.RateLimitMax},
	} {
		if pair.first <= 0 || pair.max < pair.first || pair.max > time.Hour {
			return fmt.Errorf("%s is %s up to %s: must be more than 0, and from the first to an hour", pair.field, pair.first, pair.max)
		}
	}
	return nil
}

// schedule counts failures in a row, each kind by itself.
type schedule struct {
	backoff                    Backoff
	network, server, rateLimit int
	noRules                    int
}

// healthy forgets the failures.
func (s *schedule) healthy() { *s = schedule{backoff: s.backoff} }

// judge says what a failure means: fatal, or when to come again.
func (s *schedule) judge(err error, now time.Time) error {
	if status, ok := errors.AsType[*StatusError](err); ok {
		return s.judgeStatus(status, err, now)
	}
	if inStream, ok := errors.AsType[*StreamError](err); ok && inStream.Title == connectionException {
		return &ingest.Retry{After: s.nextServer(), Err: err}
	}
	s.network++
	return &ingest.Retry{After: min(time.Duration(s.network-1)*s.backoff.Network, s.backoff.NetworkMax), Err: err}
}

func (s *schedule) judgeStatus(status *StatusError, err error, now time.Time) error {
	switch status.Status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden:
		return ingest.Fatal(err)
	case http.StatusConflict:
		// The rules were set just before, so the second in a row is not mended by
		// setting them again.
		if s.noRules++; s.noRules > 1 {
			return ingest.Fatal(err)
		}
		return &ingest.Retry{After: s.nextServer(), Err: err}
	case http.StatusTooManyRequests:
		s.rateLimit++
		after := doubled(s.backoff.RateLimit, s.backoff.RateLimitMax, s.rateLimit)
		if reset := status.Reset.Sub(now); !status.Reset.IsZero() && reset > after {
			after = min(reset, maxReset)
		}
		return &ingest.Retry{After: after, Err: err}
	default:
		return &ingest.Retry{After: s.nextServer(), Err: err}
	}
}

// maxReset bounds how long a header may make us wait: limits of X end within 15
// minutes, those of a day within one.
const maxReset = 24 * time.Hour

func (s *schedule) nextServer() time.Duration {
	s.server++
	return doubled(s.backoff.Server, s.backoff.ServerMax, s.server)
}

// doubled is first for the first failure, and twice as long for each further one.
func doubled(first, longest time.Duration, failures int) time.Duration {
	wait := first
	for range failures - 1 {
		if wait >= longest {
			break
		}
		wait *= 2
	}
	return min(wait, longest)
}
