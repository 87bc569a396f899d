// Package kinesis mirrors streams to Amazon Kinesis Data Streams: one Sink a
// stream, one record an event, the event's bytes as they are.
//
// # What it guarantees
//
//   - The partition key is the ticker, so that all events of one ticker lie on
//     one shard.
//   - A ticker's events are never in flight in two calls at once, and once one of
//     them failed no later one is sent in a later call of the same Write: those
//     are reported as not tried. So a ticker's events first arrive in the order of
//     their stream, but for what Kinesis itself stores out of order when it fails
//     a record in the middle of a call; those arrive again, in order.
//   - Only what was not stored is reported as failed. An event repeats only when
//     an answer was lost or a record before it failed, and carries the same id.
//   - An event too large for a record is poison and takes nothing with it. Where
//     the far end refuses a whole call as invalid, the call is halved until the
//     offender stands alone.
//
// # What it does not do
//
// It does not retry, wait or pace itself: the engine around it does, and so the
// SDK's own retries are off. It does not remove repeats, which Kinesis has no
// means for: readers go by the event id. It does not reshard a stream, read one
// back, or aggregate events into fewer records.
package kinesis
