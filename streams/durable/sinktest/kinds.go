package sinktest

import (
	"slices"
	"testing"

	"cashtag/streams/durable"
)

// Kinds says in a word each what the engine makes of the errors that a Write
// returned: stored, failed, unavailable, poison or fatal.
func Kinds(errs []error) []string {
	kinds := make([]string, len(errs))
	for i, err := range errs {
		switch {
		case err == nil:
			kinds[i] = "stored"
		case durable.IsPoison(err):
			kinds[i] = "poison"
		case durable.IsFatal(err):
			kinds[i] = "fatal"
		case durable.IsUnavailable(err):
			kinds[i] = "unavailable"
		default:
			kinds[i] = "failed"
		}
	}
	return kinds
}

// WantKinds fails the test unless the errors are of these Kinds.
func WantKinds(t *testing.T, errs []error, want ...string) {
	t.Helper()
	if got := Kinds(errs); !slices.Equal(got, want) {
		t.Errorf("got %.200v, want %.200v; first error: %v", got, want, First(errs))
	}
}

// First is the first error that is not nil.
func First(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
