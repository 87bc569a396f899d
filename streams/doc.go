// Package streams is the contract on the wire: the subjects that events are
// published on, the streams that keep them, the consumers that read them, the
// buckets that configure them and the permissions of every service, all as Go
// values. Apply makes a server agree with them; Publisher stores events.
//
// It guarantees that the topology of a server is never narrowed by accident:
// Apply refuses a change that would lose stored events unless it is forced. And
// that a Publisher returns only once an event is stored.
//
// It reads back no more than it takes to find out where things stand: a source's
// place, the last ids, a stream that is small or looked through once. Whoever
// follows a stream does it by streams/durable or streams/merge.
package streams
