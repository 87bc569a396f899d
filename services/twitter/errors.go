package twitter

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

var (
	// ErrMalformed is returned for bytes that are no post.
	ErrMalformed = errors.New("malformed post")
	// ErrSilent is the cause when the stream said nothing for too long.
	ErrSilent = errors.New("stream of X is silent, not even a keep-alive came")
	// ErrBudget is the cause when a budget of reads is spent.
	ErrBudget = errors.New("read budget of X is spent")
	// ErrPlace is returned for a cursor that this package did not write.
	ErrPlace = errors.New("place in X is not readable")
)

// StatusError is an answer of X other than success.
type StatusError struct {
	Op     string // such as GET /2/tweets/search/stream
	Status int
	Title  string
	Detail string
	Reset  time.Time // when the rate limit ends; zero where X does not say

	parameters []string  // those that X complains about
	problems   []problem // one by one
}

// Error gives the operation, the status, what X says of it and what to do, in one
// line.
func (e *StatusError) Error() string {
	line := fmt.Sprintf("%s: X answered %d %s", e.Op, e.Status, http.StatusText(e.Status))
	if said := joined(e.Title, e.Detail); said != "" {
		line += " (" + said + ")"
	}
	if hint := statusHints[e.Status]; hint != "" {
		line += ": " + hint
	}
	return line
}

var statusHints = map[int]string{
	http.StatusUnauthorized:    "the bearer token is refused: make a new one in X's developer portal and set X_BEARER_TOKEN",
	http.StatusPaymentRequired: "the app has no credits left: buy some in X's developer portal",
	http.StatusForbidden:       "the app may not use this endpoint: put it in a project with access to the filtered stream",
	http.StatusConflict:        "the app has no rules: see that nothing else deletes them, and start again",
}

// connectionException is the title of the error with which X refuses a second
// connection, or ends one that is too slow.
const connectionException = "ConnectionException"

// StreamError is an error that X sends inside the stream before it ends it.
type StreamError struct {
	Title  string // such as operational-disconnect
	Issue  string // such as UpstreamOperationalDisconnect or TooManyConnections
	Detail string
}

// Error says what X said.
func (e *StreamError) Error() string {
	return "X ends the stream: " + joined(e.Title, e.Issue, e.Detail)
}

// maxSaid bounds what is quoted of X, in bytes.
const maxSaid = 300

func joined(parts ...string) string {
	kept := parts[:0:0]
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	line := strings.Join(strings.Fields(strings.Join(kept, ", ")), " ")
	if len(line) > maxSaid {
		line = line[:maxSaid] + "..."
	}
	return strings.ToValidUTF8(line, "")
}
