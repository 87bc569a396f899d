//go:build !external && !unix

package main

import (
	"errors"
	"time"
)

// processUsage is not known on this system.
func processUsage() (cpu time.Duration, peak uint64, err error) {
	return 0, 0, errors.New("benchmarks need a Unix system to read CPU time and memory from")
}
