package twitter

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// The endpoints.
const (
	streamPath = "/2/tweets/search/stream"
	rulesPath  = "/2/tweets/search/stream/rules"
	searchPath = "/2/tweets/search/recent"
)

// fields are what is asked of each post. The stream's parameters keep the name of
// tweets in both generations.
func fields() url.Values {
	return url.Values{
		"tweet.fields": {"created_at,author_id,lang,entities,public_metrics,conversation_id,referenced_tweets"},
		"expansions":   {"author_id"},
		"user.fields":  {"created_at,public_metrics,verified_type,verified"},
	}
}

// callWithin bounds a call other than the stream.
const callWithin = 30 * time.Second

// client calls X.
type client struct {
	base   string
	bearer Token
	http   *http.Client
}

func newClient(c Config) *client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	return &client{
		base:   strings.TrimSuffix(c.BaseURL, "/"),
		bearer: c.Bearer,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:                 http.ProxyFromEnvironment,
				DialContext:           dialer.DialContext,
				TLSHandshakeTimeout:   10 * time.Second,
				ResponseHeaderTimeout: max(c.Silence, time.Second),
				IdleConnTimeout:       90 * time.Second,
				MaxIdleConnsPerHost:   2,
				ForceAttemptHTTP2:     true,
			},
			// A token is not carried to where X sends us.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// open sends a request and returns the answer, which the caller closes, or a
// *StatusError.
func (c *client) open(ctx context.Context, method, path string, query url.Values, body []byte) (*http.Response, error) {
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	op := method + " " + path
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	request.Header.Set("Authorization", "Bearer "+string(c.bearer))
	request.Header.Set("User-Agent", "cashtag")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusCreated {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	return nil, statusError(op, response)
}

// call sends a request and reads the answer into answer.
func (c *client) call(ctx context.Context, method, path string, query url.Values, body []byte, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	response, err := c.open(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	page, err := io.ReadAll(io.LimitReader(response.Body, maxPageBytes+1))
	if err != nil {
		return fmt.Errorf("%s %s: read answer: %w", method, path, err)
	}
	if len(page) > maxPageBytes {
		return fmt.Errorf("%s %s: %w: answer of more than %d bytes", method, path, ErrMalformed, maxPageBytes)
	}
	if tooDeep(page) {
		return fmt.Errorf("%s %s: %w: nested deeper than %d", method, path, ErrMalformed, maxNesting)
	}
	if err := json.Unmarshal(page, answer, tolerant); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, malformed(err))
	}
	return nil
}

// maxErrorBytes bounds what is read of an answer other than success.
const maxErrorBytes = 64 << 10

// statusError reads what X says of an error, as far as it can be read.
func statusError(op string, response *http.Response) *StatusError {
	failure := &StatusError{Op: op, Status: response.StatusCode}
	if unix, err := strconv.ParseInt(response.Header.Get("X-Rate-Limit-Reset"), 10, 64); err == nil && unix > 0 {
		failure.Reset = time.Unix(unix, 0).UTC()
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxErrorBytes))
	if err != nil || tooDeep(body) {
		return failure
	}
	var said struct {
		problem
		Errors []problem `json:"errors"`
	}
	if json.Unmarshal(body, &said, tolerant) != nil {
		return failure
	}
	failure.Title, failure.Detail, failure.problems = said.Title, said.Detail, said.Errors
	for _, each := range said.Errors {
		failure.Detail = joined(failure.Detail, each.said())
		for parameter := range each.Parameters {
			failure.parameters = append(failure.parameters, parameter)
		}
	}
	return failure
}
