// Package dataset makes tables to learn from: one row per ticker and session, with
// the features as they stood at a cut-off, and labels.
//
// # What it guarantees
//
// The features of a row are the last revision of one vector of services/features,
// made by the same State that runs live, from posts up to the cut-off alone. The row
// that a live day gives and the one that its replay gives are the same bytes.
//
// Labels are added afterwards by Builder.Table, the only place that looks ahead, from
// prices that no feature was made from. Columns called label_ are to be learned;
// columns called audit_ are for checks that look for leaks, and must never be learned
// from.
//
// A table is written whole or not at all.
//
// # Cut-offs
//
// 16:00 is the close of the session before the one that is predicted (earlier where
// that day closes early), 09:30 the open of the session itself. Labels of the former
// are of the movement from close to close, of the latter of that from open to close.
package dataset
