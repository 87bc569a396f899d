// Package sinktest is the conformance suite of durable.Sink: every sink runs it
// against its real far end, or a stand-in that speaks the real protocol.
//
// It runs the real engine on a real nats-server. What it proves of a sink, beside
// the sink's own tests: each event is stored once over duplicate delivery, partial
// failure, a slow sink, a poison message, an exhausted budget, a fatal error, an
// outage, a flag that goes off and on, and a kill; and events of one key keep
// their order.
package sinktest
