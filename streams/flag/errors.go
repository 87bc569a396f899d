package flag

import "errors"

var (
	// ErrUnknownFlag is returned for a name that is not in Table.
	ErrUnknownFlag = errors.New("unknown flag")
	// ErrBadValue is returned for a value that is none of the flag's words.
	ErrBadValue = errors.New("bad value")
)
