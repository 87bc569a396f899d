// Package counts says each minute what became of what each source saw: how much was
// accepted, filtered out, a duplicate or malformed, in the minute and in the run so
// far, and by ticker.
//
// A source counts into a Tally, which is a few atomic additions. The Service takes
// a picture of all tallies when a minute is over and publishes the difference to
// the picture before, one event a source, on COUNTS. A run of the process counts
// for itself, under a run id of its own: readers sum.
//
// Guaranteed: what was counted is published once, in the minute it was counted in
// or, where the stream could not be reached, in a later one. When it is stopped the
// Service publishes what the minute in hand has. A source that saw nothing is
// published too, with zeros, so that a quiet source can be told from one that is
// not there.
//
// Not done: what was counted since the last minute is lost with a process that is
// killed. At most schemas.MaxCountedTickers tickers are told apart in one run; the
// rest counts in the sums alone.
package counts
