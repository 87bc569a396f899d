// Package bluesky reads posts from Bluesky's Jetstream: free, without a key, over
// a websocket that carries every post of the network. It is an ingest.Source.
//
// # What it does
//
// It speaks Jetstream v2 and falls back to v1 where v2 refuses it, goes through a
// list of instances until one answers, compresses with a zstd dictionary where it
// has one, and resumes where it stopped: on v2 by sequence number (inclusive, so
// that the frame already taken is passed over), on v1 and on another instance of
// v2 by time, some seconds back, since sequence numbers are an instance's own and
// times are not in order from one frame to the next. What comes twice the engine
// removes by id. A place that the server no longer holds is resumed from the
// oldest that it does, and the gap is logged. An instance that answers 429 or 503
// with Retry-After is left alone for that long, five minutes at most, while the
// others are asked.
//
// Jetstream cannot filter by text, so every post arrives here. A frame without a
// dollar sign before a letter is passed over without being decoded or allocating.
// What is left is decoded, its cashtags are read from the facets first (tag "$AAPL"
// with byte offsets) and then from the text, and it becomes a schemas.Tweet where
// it names a followed ticker in a wanted language. The list of tickers may change
// at any time, since nothing is subscribed by ticker.
//
// A post's id is <did>/<rkey>. Its time is the record's createdAt, unless that is
// no time, later than the instance saw the post, or earlier than that by more than
// MaxAge (an import of old posts): then it is the time at which it was seen.
//
// A deleted post becomes the event that Config.Deleted makes of it where
// Config.Known knows the post, and nothing otherwise.
//
// # What it does not do
//
// The firehose carries no follower counts and no likes: they are zero. An edit
// (operation update) is ignored: Bluesky's own application shows what was written
// first. Reposts are another collection, carry no text, and are not read.
//
// # Bounds
//
// A frame has at most MaxFrame bytes after decompression; a larger one is passed
// over while it arrives and counted as malformed. JSON nests at most 10,000 deep
// (a limit of the decoder, which passes over what it does not know without
// recursion). A text has at most 3,000 bytes, as the network defines a post; a longer
// one is malformed. At most 512 events wait to be taken; then nothing more is read. A
// dictionary has at most 1 MiB.
package bluesky
