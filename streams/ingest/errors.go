package ingest

import (
	"errors"
	"fmt"
	"time"
)

type fatalError struct{ err error }

func (e *fatalError) Error() string { return e.err.Error() }
func (e *fatalError) Unwrap() error { return e.err }

// Fatal marks an error that no waiting mends, such as a token that is refused.
func Fatal(err error) error {
	if err == nil {
		return nil
	}
	return &fatalError{err}
}

// IsFatal reports whether err was marked by Fatal.
func IsFatal(err error) bool {
	_, ok := errors.AsType[*fatalError](err)
	return ok
}

// Retry is an error after which the source wants to be asked again after a pause
// of its own choosing: the vendor's schedule, or the hour at which a budget starts
// anew.
type Retry struct { //nolint:errname // read as ingest.Retry, beside ingest.Fatal
	After time.Duration
	Err   error
}

// Error implements error.
func (r *Retry) Error() string { return fmt.Sprintf("%v: again in %s", r.Err, r.After) }

// Unwrap returns the cause.
func (r *Retry) Unwrap() error { return r.Err }
