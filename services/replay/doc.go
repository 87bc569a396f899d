// Package replay plays a tape into the streams: recorded tweets and prices, a file
// of our own events, or the demo day.
//
// Event time is the recorded time; Config.Speed paces by it. The tape's place in
// each stream travels in the header of the last event of each batch, atomic with
// it, so that a kill at any moment repeats nothing and skips nothing, however long
// the pause: the next player reads the place and goes on behind it.
//
// A tape that was played to its end has nothing new. Config.Again plays it once
// more, as a run whose events have ids of their own.
//
// The package does not decode files (see internal/tape) and does not decide when
// the market is open: a tape plays ungated.
package replay
