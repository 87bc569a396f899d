// Package features turns posts, scores and prices into vectors: per ticker over a
// minute, 20 minutes, the time before the open, a session and a trading day, with
// what the whole market did beside it.
//
// # What it guarantees
//
// The last revision of every vector is a function of the set of events that went
// in: which arrived first makes no difference to any byte, and so live, a replay and
// a dataset agree. There is one implementation, State, and all of them use it.
//
//   - Time is that of the events. A window closes when the market's clock says so,
//     that of a quiet ticker too. Nothing here asks what time it is.
//   - A post counts once per ticker that it names, by its id; a score once per post
//     and ticker; a bar once per feed and interval.
//   - What comes late corrects every window that it changes, as a new revision, for
//     Config.Lateness. What comes later than that is counted (Stats.TooLate), said in
//     the log, and stays in the stream.
//   - A vector's revision is the number of events that it could be made from. It
//     rises with every correction and is the same on a replay.
//   - Sums are of integers. A vector carries the hash of what its values mean.
//
// Service runs a State on the streams: see streams/merge for how it goes on after a
// crash. What was made is published only once the checkpoint that it is part of is
// stored, so that one id never stands for two contents.
//
// # What it does not do
//
// It does not score, predict or look ahead: labels are made elsewhere. Prices come
// from bars alone; trades and books are passed over.
package features
