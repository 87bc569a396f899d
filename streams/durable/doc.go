// Package durable is the engine out: it reads one stream through one durable
// consumer and hands it, in batches, to a Sink.
//
// # What it promises
//
//   - A message is acknowledged only after the sink stored it. A kill at any
//     point loses nothing; it repeats at most the batches in hand.
//   - A batch closes by count, by bytes or by time, whichever is first.
//   - The acknowledgement wait of every message in hand is extended for as long
//     as the sink takes.
//   - Messages of one key (the ticker) are stored in stream order, also when
//     only a part of a batch fails: what failed is written again together with
//     the later messages of its key, before anything else.
//   - A failure of one message is tried again with jittered backoff within a
//     written budget, then the message is buried. A failure of the sink (see
//     Unavailable) is tried again for as long as it takes.
//   - A message that can never be stored is published to the stream DEAD with
//     its bytes, headers, reason, tries and position first, and settled after.
//     The rest of its batch is stored.
//   - A flag that goes off stops the next batch; the one in hand finishes, unless
//     its sink is failing, then it is released. On again goes on where it stopped.
//   - A sequence that the stream dropped before it was read is counted as missing
//     and logged, never skipped in silence.
//
// # Two kinds of consumer
//
// An ordered consumer (Kinesis) acknowledges the contiguous floor of what is
// settled, has one active worker among its replicas, by lease, and starts from
// what is settled again whenever it becomes the active one: an acknowledgement can
// so never cover a message that another worker had in hand. A message that is
// erased from the stream while it is in hand takes nothing with it, although it
// takes the server's floor: the lease too says, within a second, how far all is
// settled. An unordered consumer acknowledges message by message and may be doubled.
//
// # What it does not do
//
// It does not make a sink idempotent. Delivery is at least once; a sink has each
// event once by the event's id.
package durable
