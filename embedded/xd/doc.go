// Package xd stands in for the X API v2: the filtered stream, its rules and recent
// search, over HTTP.
//
// It is fed with events of posts and gives them out on X's wire: a post reaches a
// connected client whose rules match it, one line each, and is kept for recent
// search, which ends SearchDelay before now and reaches SearchWindow back. The
// tickers of an event are cashtag entities in their order, those that the text does
// not name too, so that a client that follows them makes the same event again.
// Rules are checked as X checks them; the bearer token, the one connection at a
// time, X's errors, rate limits and keep-alives are there, and faults can be
// scripted.
//
// It keeps the newest Keep posts, in memory. A client that leaves more than Queue
// posts unread is cut off, as X does. It knows of the query language what this
// project uses: cashtags, words, lang:, is:retweet, OR, negation and groups. It
// neither limits what an app may read a month nor knows users, media or deletes.
package xd
