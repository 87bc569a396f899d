// Package erase takes deleted posts out of the streams: their bodies leave TWEETS,
// DEAD and RETRY for good, and what is kept of them is an event that says that they
// were deleted (schemas.TweetDeleted).
//
// # What it promises
//
//   - The deletion is stated before anything is erased, so that a kill in between
//     loses nothing: Sink erases whatever a stated deletion is about, as often as it
//     takes, and changes nothing where there is nothing left.
//   - Erasing is by JetStream's secure delete, which overwrites the bytes on disk.
//   - A post that comes again after its deletion is dropped by its source (Posts),
//     and erased by Sink where it came in by another way.
//   - Memory is bounded: at most MaxPosts posts are erased at a time, and Posts and
//     Sink know of the newest DefaultBound posts and deletions.
//
// # What it does not do
//
// It does not reach beyond the streams: MongoDB and the archive hear of a deletion
// as of any event and see to themselves. Kinesis forgets by its own retention.
// A dead letter that is erased is not counted as dropped: its consumer counts the
// post as stored, since nothing is left to store.
package erase
