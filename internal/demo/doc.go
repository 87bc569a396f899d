// Package demo makes up one day of the market: about 12,000 posts, a minute bar
// for each of 21 tickers and each minute of the session of 18 March 2026, and
// the opening, the close, two trading halts and the clock between them.
//
// # The story
//
// AMD publishes its quarter hours too early, at 11:05 New York time, and it is
// good: the price jumps, attention rises tenfold within minutes and takes the
// afternoon to fall. From 12:20 a rumour that Intel is about to be bought
// spreads by being repeated, until trading is halted for news at 13:12; the news
// is a denial, and at 13:32 trading resumes well below. Late in the day GameStop
// climbs so fast that it is paused for five minutes. Tesla is complained about
// all morning. The others chat, most at the open and towards the close.
//
// # What it guarantees
//
// The day is the same on every machine and in every year: it is drawn from one
// seed and worked out in whole numbers only, since floating point may round
// otherwise elsewhere. Events are valid, in order of event time, and shaped like
// those of a tape.
//
// One person in six posts on Bluesky, the others on X. A post of Bluesky carries
// what its firehose carries: no facts about the author and no counts; and it refers
// to posts of Bluesky alone. So every post can travel through the platform's own
// wire format and come out the same.
//
// It cannot pass for real: every id begins with schemas.DemoPrefix, every source
// is a demo source, every handle begins with @demo_ and every link leads to
// example.com. The tickers are real and nothing said about them is.
package demo
