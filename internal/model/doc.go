// Package model is the arithmetic of prediction: linear models that are fitted by
// L-BFGS, the baselines that they have to beat, the metrics that say whether they
// do, and the file that a fitted model is kept in.
//
// It guarantees that the same rows in the same order with the same seed give the
// same bytes on the same machine: sums run in the order of the rows, words are
// ordered, and chance comes from a seed. Nothing here looks at a clock, opens a
// file or starts a goroutine.
//
// A sum of a row's cells, [Linear], serves both kinds of model: FitLogistic for
// what happens or not, FitRidge for how much. Scaler and TFIDF turn numbers and
// words into cells; both are fitted on training rows alone, and their fitting is
// part of a model.
//
// Metrics are sums over rows, or take weights, so that one code computes an estimate
// and its interval: Bootstrap draws whole clusters, such as days, since what happens
// to the tickers of one day is one piece of evidence.
//
// It does not know what a ticker, a post or a return is, does not decide which
// rows may be trained on, and judges nothing: see services/analysis. It has no
// boosted trees: the pure Go libraries for them are no longer kept up.
package model
