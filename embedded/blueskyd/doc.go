// Package blueskyd stands in for a Jetstream instance of Bluesky: a websocket
// server on loopback that speaks both versions of the protocol.
//
// It checks the parameters of a subscription as the original does (what v1 calls
// wantedCollections is a 400 on v2), filters by collection and kind, replays from
// a cursor by sequence number or by time, refuses a sequence number that it no
// longer holds with CursorTooOld on v2, moves it silently on v1 and a time on both,
// with an OutdatedCursor advice on v2, sends identity and account frames to every
// subscriber of v1, compresses each frame with a zstd dictionary and serves that of
// v2.
//
// It is fed with tweet events of the platform bluesky, each of which becomes a
// post's record with facets at the right byte offsets. An instance's clock is that
// of what it plays: a frame's time is the event's, in microseconds, rounded up, so
// that a post is never seen before it was written; it never goes back.
//
// It holds Config.Retain frames, 16 KiB each at most. A subscriber that is further
// behind is dropped as too slow. What a record cannot carry (counts, facts about
// the author) Publish refuses rather than loses.
//
// What differs from the original: no permessage-deflate, no options_update and no
// requireHello on v1, no filter by did, no limits of rate, and dictionaries of its
// own making, since the original's is not ours to copy.
package blueskyd
