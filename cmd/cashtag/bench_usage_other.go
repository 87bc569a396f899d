//go:build !external && !unix

package main

import "errors"

// processUsage is not known on this system.
func processUsage() (usage, error) {
	return usage{}, errors.New("benchmarks need a Unix system to read CPU time and memory from")
}
