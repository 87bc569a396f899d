// Package kinesisdtest starts a Kinesis stand-in for one test.
package kinesisdtest

import (
	"testing"

	"cashtag/embedded/kinesisd"
	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"

	"github.com/nats-io/nats.go/jetstream"
)

// Start starts a stand-in with a JetStream of its own. Limits of shards are
// off unless an opt turns them on; each opt may change the configuration
// first. It is closed, with its files removed, when the test ends.
func Start(tb testing.TB, opts ...func(*kinesisd.Config)) *kinesisd.Server {
	tb.Helper()
	return StartOn(tb, natsdtest.Start(tb), opts...)
}

// StartOn is like Start with the JetStream of a running server, whose streams
// it finds again.
func StartOn(tb testing.TB, nats *natsd.Server, opts ...func(*kinesisd.Config)) *kinesisd.Server {
	tb.Helper()
	nc, err := nats.ConnectKinesis()
	if err != nil {
		tb.Fatalf("connect: %v", err)
	}
	tb.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		tb.Fatalf("jetstream: %v", err)
	}
	cfg := kinesisd.DefaultConfig()
	cfg.JetStream = js
	cfg.EnforceShardLimits = false
	for _, opt := range opts {
		opt(&cfg)
	}
	s, err := kinesisd.Start(tb.Context(), cfg)
	if err != nil {
		tb.Fatalf("start kinesis stand-in: %v", err)
	}
	tb.Cleanup(s.Close)
	return s
}
