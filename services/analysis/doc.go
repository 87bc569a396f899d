// Package analysis says what a model is worth: it fits models on rows of a past
// that was known at the time, scores them on what came after, and writes a report
// that a sceptic can check.
//
// A [Table] holds one row for each ticker and session: what was known at a
// cut-off, and beside it, out of the reach of any model, what happened after.
// [FromTape] makes one from recorded posts and prices, [ReadCSV] reads one that
// `cashtag dataset build` wrote. [Run] walks forward through it; [StockNet] runs
// the standard benchmark; [Report.Write] writes what was found.
//
// It guarantees:
//
//   - a model is fitted only on rows whose outcome was known, with a gap, before
//     the first row it is scored on; what is chosen is chosen on the newest of the
//     training rows;
//   - majority, ticker-only and price-only stand beside every configuration, and
//     every configuration that was tried is counted;
//   - intervals come from drawing whole days;
//   - the leak alarms run every time, and a run in which one rings writes no report;
//   - the same table, configuration and seed give the same bytes;
//   - a report is complete or is not there.
//
// It does not compute the features that are served live, which is the work of
// services/features, and it publishes nothing.
package analysis
