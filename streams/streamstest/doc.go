// Package streamstest gives a test what everything on the streams is made of: a
// nats-server that holds Cashtag's topology, connections to it with every right or
// with one service's, a publisher, a gate that the test turns, a log that it reads,
// and an engine that ends with it.
//
// The server is the real one of embedded/natsd. Nothing here is a stand-in for a
// part of streams, and nothing here knows what a sink or a source is: that is for
// durable/sinktest and ingest/sourcetest, which are built on it.
//
// Everything ends with the test, in the reverse of the order in which it was asked
// for, and what ends badly fails the test. No wait is longer than Patience.
package streamstest
