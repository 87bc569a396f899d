// Package window is the arithmetic of windows of event time: which span of time a
// window covers, which spans of earlier sessions it is compared with, and the few
// statistics that are made over them.
//
// Spans are half-open, [start, end), in Unix nanoseconds. Windows of a fixed width
// follow the clock; windows of a session follow the market's calendar. A trading
// day goes from the close of one session to the close of the next, so that every
// moment, weekends included, belongs to one.
//
// Everything is a pure function of its arguments and gives the same bits on every
// machine: sums are made of integers by the callers, floats are added in a fixed
// order, products are rounded before they are added (a compiler may otherwise fuse
// the two), and what is published is rounded to millionths.
//
// It holds no events and knows no clock: see services/features.
package window
