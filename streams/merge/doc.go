// Package merge reads several streams as one and makes new events from them, for a
// service whose state is made from all of them.
//
// # What it promises
//
//   - Each stream is read by sequence, in its order and without a gap. Among the
//     streams events come in order of event time as far as they are there: an event
//     is handed over once every other stream was seen to have nothing earlier. An
//     event that is stored later comes later, and the Handler must bear that.
//   - The Handler's snapshot, the positions in all streams that it covers, and the
//     events that were made up to there are stored together, as one checkpoint. Only
//     then are these events published. So an event of one id is never published with
//     two contents: a crash before the checkpoint forgets what was made, a crash
//     after it publishes what the checkpoint holds.
//   - What the checkpoint's events lack in their stream is published when reading
//     begins, once: how many are there stands in the place of the last of them (see
//     streams.Place), and with it the positions that they were made from.
//   - Two workers never spoil each other's work. A checkpoint replaces the one that
//     its worker went on from, or none; the worker that is late goes on from the
//     other's.
//   - The flag is obeyed between two events. A sequence that its stream dropped before
//     it was read is counted as missing and logged.
//
// A durable on each stream shows how far the last checkpoint is. It delivers nothing.
//
// # What it does not do
//
// It does not bury: what is no event is counted, logged and passed over, since a
// consumer that stores events of that stream buries it. Memory is bounded by
// Config.MaxBatch events a stream and by what the Handler keeps.
package merge
