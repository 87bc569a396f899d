package main

import "runtime/debug"

// startPercent is how much the heap may grow during a start before it is
// collected: a start makes garbage of ten times what stays.
const startPercent = 20

// startLean keeps the memory small that a start takes, until the function that it
// returns is called once everything is made: that gives the garbage of the start
// back, which would otherwise let the heap grow to twice its size for good.
func startLean() (started func()) {
	percent := debug.SetGCPercent(startPercent)
	return func() {
		debug.SetGCPercent(percent)
		debug.FreeOSMemory()
	}
}
