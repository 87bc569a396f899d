// Package sentiment scores posts: a Sink that reads the stream TWEETS and
// publishes one event for each ticker of each post to the stream SENTIMENT.
//
// It guarantees that a post counts as stored only once all its scores are: a kill
// in between repeats scores, never loses one. Their ids are made from the post's
// id, the ticker, the scorer and its version, so that a repeated score is the same
// event and is stored once. A score's event time is the post's; a score of a
// synthetic post is synthetic too. A post that can never be scored or published is
// buried alone; the rest of its batch goes on.
//
// # Scorers
//
// What a post is worth is decided by a Scorer. Cdipaolo, the default, is a naive
// Bayes classifier trained on film reviews: the named baseline, without a neutral.
// Vader goes by a lexicon and rules. Cashtag is a logistic regression over hashed
// words, trained on labelled posts about stocks, with calibrated probabilities; its
// model is built in. Train trains it, or Cdipaolo, anew, Evaluate compares them,
// and docs/sentiment.md tells what they reach. Text is cleaned first, see
// internal/text.
//
// A Service runs those that are chosen, several side by side, each with a durable
// of its own, and switches them while they run. A change loses no score of any
// scorer and doubles none.
//
// It does not read posts back and keeps no state: any number of replicas may share
// its consumers. It decides on labels and never on what a price will do.
package sentiment
