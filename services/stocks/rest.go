package stocks

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/time/rate"
)

const (
	// userAgent names us to the vendors.
	userAgent = "cashtag"
	// maxAnswer bounds a REST answer in bytes.
	maxAnswer = 16 << 20
)

// The headers that carry the keys.
const (
	keyHeader    = "APCA-API-KEY-ID"
	secretHeader = "APCA-API-SECRET-KEY"
)

// rest asks a server for JSON, at its pace.
type rest struct {
	client *http.Client
	header http.Header
	pace   *rate.Limiter
	within time.Duration
}

// burst is how many calls may follow each other without a pause.
const burst = 5

func newREST(perMinute int, within time.Duration, header http.Header) *rest {
	header.Set("User-Agent", userAgent)
	header.Set("Accept", "application/json")
	return &rest{
		// A redirect would carry the keys to another host.
		client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		header: header,
		pace:   rate.NewLimiter(rate.Every(time.Minute/time.Duration(perMinute)), burst),
		within: within,
	}
}

// alpacaREST carries the keys in headers.
func alpacaREST(cfg Config) *rest {
	header := http.Header{}
	header.Set(keyHeader, cfg.Key)
	header.Set(secretHeader, cfg.Secret)
	return newREST(cfg.RequestsPerMinute, cfg.Request, header)
}

// get returns the body of an answer with status 200. What names the call in an
// error: a URL may tell more than it should.
func (r *rest) get(ctx context.Context, what, base, path string, query url.Values) ([]byte, error) {
	if err := r.pace.Wait(ctx); err != nil {
		return nil, fmt.Errorf("%s: wait for our turn: %w", what, err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.within)
	defer cancel()
	address := base + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	req.Header = r.header.Clone()
	res, err := r.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, statusError(what, res, r.header.Get(keyHeader) != "", time.Now())
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", what, err)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("%s: the answer is longer than %d bytes", what, maxAnswer)
	}
	return body, nil
}
