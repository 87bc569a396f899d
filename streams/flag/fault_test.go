package flag_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/streams"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go/jetstream"
)

func TestSurvivesAServerRestart(t *testing.T) {
	dir := t.TempDir()
	first := streamstest.Start(t, func(c *natsd.Config) { c.Dir = dir })
	put(t, first.Bucket(t, streams.BucketFlags), "mongo", "off")
	var log streamstest.Log
	set := open(t, streamstest.Dial(t, first), log.Logger())
	mongo, archive := set.Gate("mongo", true), set.Gate("archive", true)

	port := portOf(t, first.Server)
	first.Close()
	if mongo.On() || !archive.On() {
		t.Errorf("without a server: got mongo %t, archive %t, want both as they were", mongo.On(), archive.On())
	}
	second := natsdtest.Start(t, func(c *natsd.Config) { c.Dir, c.Port = dir, port })
	other, err := streamstest.Connect(t, second).JS.KeyValue(t.Context(), streams.BucketFlags)
	if err != nil {
		t.Fatalf("bucket after the restart: %v", err)
	}
	put(t, other, "mongo", "on")
	put(t, other, "archive", "off")
	within(t, 2*time.Second, "change after a restart", func() bool { return mongo.On() && !archive.On() })
	put(t, other, "archive", "on")
	within(t, time.Second, "next change after a restart", archive.On)
	within(t, time.Second, "three changes logged", func() bool { return strings.Count(log.String(), "flag changed") == 3 })
}

func portOf(tb testing.TB, server *natsd.Server) int {
	tb.Helper()
	u, err := url.Parse(server.ClientURL())
	if err != nil {
		tb.Fatalf("client url: %v", err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		tb.Fatalf("port of %s: %v", u, err)
	}
	return port
}

func TestSurvivesANewBucket(t *testing.T) {
	client, bucket := start(t)
	for range 10 { // the new bucket starts at a lower revision
		put(t, bucket, "mongo", "off")
	}
	put(t, bucket, "archive", "off")
	set := open(t, client, nil)
	mongo, archive := set.Gate("mongo", true), set.Gate("archive", true)
	if err := client.JS.DeleteKeyValue(t.Context(), streams.BucketFlags); err != nil {
		t.Fatalf("delete bucket: %v", err)
	}
	bucket, err := client.JS.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: streams.BucketFlags, History: 64})
	if err != nil {
		t.Fatalf("create bucket: %v", err)
	}
	put(t, bucket, "mongo", "off")
	within(t, 3*time.Second, "default of a key that is gone", archive.On)
	if mongo.On() {
		t.Error("mongo: got on, want off as the new bucket says")
	}
	put(t, bucket, "mongo", "on")
	within(t, time.Second, "change in the new bucket", mongo.On)
}

func TestSurvivesBeingForgotten(t *testing.T) {
	client, bucket := start(t)
	set := open(t, client, nil)
	mongo := set.Gate("mongo", true)
	stream, err := client.JS.Stream(t.Context(), "KV_"+streams.BucketFlags)
	if err != nil {
		t.Fatalf("stream: %v", err)
	}
	forgotten := 0
	for name := range stream.ConsumerNames(t.Context()).Name() {
		if err := stream.DeleteConsumer(t.Context(), name); err != nil {
			t.Fatalf("delete consumer: %v", err)
		}
		forgotten++
	}
	if forgotten != 1 {
		t.Fatalf("watchers: got %d, want one for all flags", forgotten)
	}
	put(t, bucket, "mongo", "off")
	within(t, 3*time.Second, "change unheard of", func() bool { return !mongo.On() })
}
