//go:build !external

package main

import "time"

// usage is what a process has used.
type usage struct {
	cpu  time.Duration
	peak uint64 // bytes, largest resident set
	// program is the bytes of the resident set that the program's file stands
	// behind, which the system may drop and all processes of the program share. Most
	// of it is of the servers that this build has in it. 0 where it is not known.
	program uint64
}
