// Package retrain trains the models that are kept up to date again after the market's
// close: a Sink that reads the stream MARKET and, at each close, builds the rows anew,
// trains, stores what came out as a new version, and says whether that is better than
// the version that predicts.
//
// # What it guarantees
//
// Each close leads to one version of each model. A close that is delivered again, such
// as after a kill, gives the same version: rows are those of Rows, which answers for the
// same close with the same ones, and a model is a function of rows, configuration and
// seed. Where all of it was stated already, nothing is stated again.
//
// A version is promoted only where the rule says so that holds at that moment
// (RuleNever where nobody set one), only in place of a version that is promoted, and
// only where its score is above that version's on sessions that neither was fitted on
// by an interval without 0: see analysis.Compare. Why, or why not, is in the log. Who
// promoted it reads as By with the rule.
//
// What cannot be learned from, such as too few days, is one log record, and the close
// is done. Where rows cannot be read or the version not be stored, the close is tried
// again until it can be.
//
// # What it does not do
//
// It reads no stream and keeps no file itself, and it never retires a model.
package retrain
