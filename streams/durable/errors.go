package durable

import "errors"

var (
	// ErrFatal is matched by every error that Fatal made, and so by what Run returns
	// when a sink gave up.
	ErrFatal = errors.New("the service cannot go on")
	// ErrNoLetter is returned when DEAD holds no letter of that number.
	ErrNoLetter = errors.New("no such dead letter")
	// ErrOff is returned by a Flush while the flag is off.
	ErrOff = errors.New("the flag is off")
	// ErrStopped is returned by a Flush once Run returned.
	ErrStopped = errors.New("the reader has stopped")

	// errReleased is returned where a batch or a block was given back instead of being
	// finished.
	errReleased = errors.New("batch released")
	// errResync ends a session that cannot be sure any more that it sees every
	// message once and in order, or that it is the active worker.
	errResync = errors.New("reading again")
)

type poisonError struct{ error }

func (e poisonError) Unwrap() error { return e.error }

type fatalError struct{ error }

func (e fatalError) Unwrap() error        { return e.error }
func (e fatalError) Is(target error) bool { return target == ErrFatal }

type unavailableError struct{ error }

func (e unavailableError) Unwrap() error { return e.error }

// Poison marks the failure of a message that can never be stored: bury it now.
// It returns nil for nil.
func Poison(err error) error {
	if err == nil {
		return nil
	}
	return poisonError{err}
}

// Fatal marks a failure after which the service cannot go on, such as refused
// credentials. Nothing of the batch is acknowledged. It returns nil for nil.
func Fatal(err error) error {
	if err == nil {
		return nil
	}
	return fatalError{err}
}

// Unavailable marks a failure of the far end rather than of the message: it does
// not count against the message's tries, however long it lasts. It returns nil
// for nil.
func Unavailable(err error) error {
	if err == nil {
		return nil
	}
	return unavailableError{err}
}

// All gives every one of n messages the same error, for a call that failed as a
// whole.
func All(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// IsPoison reports whether a sink marked err with Poison.
func IsPoison(err error) bool {
	var marked poisonError
	return errors.As(err, &marked)
}

// IsFatal reports whether a sink marked err with Fatal.
func IsFatal(err error) bool { return errors.Is(err, ErrFatal) }

// IsUnavailable reports whether a sink marked err with Unavailable.
func IsUnavailable(err error) bool {
	var marked unavailableError
	return errors.As(err, &marked)
}
