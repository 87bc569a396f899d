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
// What a post is worth is decided by a Scorer. Cdipaolo is the one that ships: a
// naive Bayes classifier trained on film reviews. It knows nothing of finance and
// has no neutral; it is the named baseline that later scorers are measured
// against. Text is cleaned first, see internal/text, because the classifier would
// take an address for a word and glue words at a line end.
//
// It does not read posts back and keeps no state: any number of replicas may share
// its consumer.
package sentiment
