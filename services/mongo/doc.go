// Package mongo persists streams to MongoDB: one collection a stream, one
// document an event.
//
// # The document
//
// A collection is named for its stream in lower case: TWEETS is tweets. A
// document is the event's envelope with its data, field by field, and
//
//   - _id is the event's id, and stands for it: there is no field id;
//   - every date (a field called time or ending in _at that holds an RFC 3339
//     time) is a BSON date, to the millisecond;
//   - a number without fraction or exponent is a 64-bit integer, any other a
//     double;
//   - stream and sequence say where the event was stored in JetStream, and
//     stored_at when: what TTL goes by, so that a replay of old events is not
//     expired on arrival.
//
// A key that holds a dot or begins with a dollar cannot be queried, and some
// servers refuse it. Its offending characters are percent-encoded as in a URL
// (http.status is http%2Estatus), and so is the percent sign itself, so that any
// URL decoder gives the key back. The same is done to the first letter of a
// field of the envelope that is called like one of those above. Of the events of
// this system only the attributes of log events have such keys.
//
// The deletion of a post is its tombstone: a document under the _id of the post, in
// its place, whose type is cashtag.tweet_deleted.v1. It has no document of its own.
//
// # What it guarantees
//
// Events are inserted and, but for deleted posts, never changed. A post that is
// delivered after its deletion finds its _id taken, and counts as stored. An insert is acknowledged by a majority
// of the replicas and journaled. A document that is there already counts as
// stored, so that a redelivery changes nothing. A document that the server
// refuses takes nothing with it. What is no event, or no JSON, is poison.
//
// # What it does not do
//
// It does not retry: the engine around it does. It does not read or
// delete, and updates nothing but deleted posts. It creates indexes and never drops one: an index that an earlier
// configuration asked for, expiry included, stays until an operator drops it.
package mongo
