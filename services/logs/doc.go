// Package logs makes a service's log records events: a slog.Handler that hands
// each record to another handler, which writes it where people read it, and
// publishes it to the stream LOGS on logs.<service>.<level>.
//
// # What it promises
//
//   - Logging never waits for the stream. Records are queued within a bound, from
//     before there is a connection on; while the queue is full new ones are
//     dropped and counted, and once the stream takes events again one event says
//     how many were lost. The other handler has them all.
//   - It never feeds on itself. What it has to say about its own publishing, and
//     what the Publisher logs with the context it was given, goes to the other
//     handler alone. A Publisher that also logs without that context must be given
//     a logger on the other handler.
//   - A secret does not leave the process: the value of an attribute whose name
//     tells of one (password, token, authorization and their like) and the user
//     part of any address are replaced, in both places.
//   - A record is bounded: what is too long is cut, what is too much is counted.
//
// # What it does not do
//
// It does not keep the queue beyond the process: what the stream did not take
// within two seconds of the end of Run is lost to the stream, and said so. It
// cannot tell a secret in the middle of a sentence.
package logs
