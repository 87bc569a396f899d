package schemas

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

var (
	// ErrMalformed is returned when bytes are not a JSON event.
	ErrMalformed = errors.New("malformed event")
	// ErrUnknownType is returned when an event's type is none of Types.
	ErrUnknownType = errors.New("unknown event type")
)

// FieldError says which field of an event breaks its schema, and how.
type FieldError struct {
	Field string // JSON path from the event, such as data.tickers
	Value any    // what stood there
	Want  string // what is allowed
}

// Error gives the field, the value and what is allowed in one line.
func (e *FieldError) Error() string {
	value := fmt.Sprint(e.Value)
	if len(value) > maxErrorValue {
		value = strings.ToValidUTF8(value[:maxErrorValue], "") + "..."
	}
	return fmt.Sprintf("field %s is %q: %s", e.Field, value, e.Want)
}

// maxErrorValue bounds what an error quotes, in bytes: a post may have 100,000.
const maxErrorValue = 80

func fieldError(field string, value any, want string) error {
	return &FieldError{Field: field, Value: value, Want: want}
}

func validTime(field string, at time.Time) error {
	if at.IsZero() || at.Location() != time.UTC || at.Year() < 1970 || at.Year() > 9999 {
		return fieldError(field, at, "must be a UTC time from 1970 on")
	}
	return nil
}

func validOneOf(field, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fieldError(field, value, fmt.Sprintf("must be one of %q", allowed))
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
