//go:build !external

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/stub"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// benchLatency is what the Kinesis stub takes to answer.
	benchLatency = 2 * time.Millisecond
	// benchRoom is the bytes of all streams for each event, so that none of them
	// drops what is measured.
	benchRoom = 8 << 10
)

// benchWorld is what a benchmark runs against, in this process: NATS with its
// streams on disk and synced always, and a stub of each far end.
type benchWorld struct {
	dir      string
	topology streams.Topology
	nats     *natsd.Server
	client   *streams.Client
	kinesis  *stub.KinesisServer
	mongo    *stub.MongoServer
	s3       *stub.S3Server
}

// openBenchWorld starts everything. When something fails, the rest is closed
// again.
func openBenchWorld(ctx context.Context, options benchOptions) (*benchWorld, error) {
	dir, err := os.MkdirTemp(options.Dir, "cashtag-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the streams: %w: name another by --dir", err)
	}
	w := &benchWorld{dir: dir}
	if err := w.open(ctx, options.Events); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *benchWorld) open(ctx context.Context, events int) error {
	size := streams.DefaultSize()
	size.TotalBytes = max(size.TotalBytes, int64(events)*benchRoom)
	var err error
	if w.topology, err = streams.NewTopology(size); err != nil {
		return err
	}
	cfg := natsd.DefaultConfig()
	cfg.Dir, cfg.Port, cfg.MaxStore = w.dir, -1, 2*size.TotalBytes
	if w.nats, err = natsd.Start(cfg); err != nil {
		return err
	}
	conn, err := w.nats.Connect()
	if err != nil {
		return err
	}
	if w.client, err = streams.NewClient(conn); err != nil {
		conn.Close()
		return err
	}
	if err := w.create(ctx); err != nil {
		return err
	}
	if w.kinesis, err = stub.Kinesis(benchLatency); err != nil {
		return err
	}
	if w.mongo, err = stub.Mongo(); err != nil {
		return err
	}
	w.s3, err = stub.S3()
	return err
}

// create makes every stream and bucket on the new server.
func (w *benchWorld) create(ctx context.Context) error {
	for _, config := range w.topology.Streams {
		if _, err := w.client.JS.CreateStream(ctx, config); err != nil {
			return fmt.Errorf("create stream %s: %w", config.Name, err)
		}
	}
	for _, config := range w.topology.Buckets {
		if _, err := w.client.JS.CreateKeyValue(ctx, config); err != nil {
			return fmt.Errorf("create bucket %s: %w", config.Bucket, err)
		}
	}
	return nil
}

// preload publishes n tweets.
func (w *benchWorld) preload(ctx context.Context, n int) error {
	cfg := streams.DefaultPublisherConfig()
	cfg.Linger = 0 // a batch is complete when it is published
	publisher, err := streams.NewPublisher(w.client, cfg)
	if err != nil {
		return err
	}
	defer publisher.Close(context.WithoutCancel(ctx)) //nolint:errcheck // every call has returned
	for first := 0; first < n; first += cfg.MaxBatch {
		if err := publisher.Publish(ctx, benchTweets(first, min(cfg.MaxBatch, n-first))...); err != nil {
			return fmt.Errorf("preload: %w", err)
		}
	}
	return nil
}

// forget removes what a run left on the server: durables, and what is
// deduplicated or remembered by name and so would make the next run do less.
func (w *benchWorld) forget(ctx context.Context) error {
	for _, stream := range []string{streams.Tweets, streams.Retry} {
		if err := w.forgetConsumers(ctx, stream); err != nil {
			return err
		}
	}
	if err := w.recreate(ctx, streams.Sentiment); err != nil {
		return err
	}
	at := slices.IndexFunc(w.topology.Buckets, func(c jetstream.KeyValueConfig) bool { return c.Bucket == streams.BucketBlocks })
	if err := w.client.JS.DeleteKeyValue(ctx, streams.BucketBlocks); err != nil {
		return fmt.Errorf("delete bucket %s: %w", streams.BucketBlocks, err)
	}
	if _, err := w.client.JS.CreateKeyValue(ctx, w.topology.Buckets[at]); err != nil {
		return fmt.Errorf("create bucket %s: %w", streams.BucketBlocks, err)
	}
	return nil
}

func (w *benchWorld) forgetConsumers(ctx context.Context, stream string) error {
	s, err := w.client.JS.Stream(ctx, stream)
	if err != nil {
		return fmt.Errorf("stream %s: %w", stream, err)
	}
	var names []string
	list := s.ConsumerNames(ctx)
	for name := range list.Name() {
		names = append(names, name)
	}
	if err := list.Err(); err != nil {
		return fmt.Errorf("list consumers of %s: %w", stream, err)
	}
	for _, name := range names {
		if err := s.DeleteConsumer(ctx, name); err != nil {
			return fmt.Errorf("delete consumer %s of %s: %w", name, stream, err)
		}
	}
	return nil
}

// recreate empties a stream and its memory of ids.
func (w *benchWorld) recreate(ctx context.Context, stream string) error {
	at := slices.IndexFunc(w.topology.Streams, func(c jetstream.StreamConfig) bool { return c.Name == stream })
	if err := w.client.JS.DeleteStream(ctx, stream); err != nil {
		return fmt.Errorf("delete stream %s: %w", stream, err)
	}
	if _, err := w.client.JS.CreateStream(ctx, w.topology.Streams[at]); err != nil {
		return fmt.Errorf("create stream %s: %w", stream, err)
	}
	return nil
}

// messages is how many messages a stream holds.
func (w *benchWorld) messages(ctx context.Context, stream string) (int64, error) {
	s, err := w.client.JS.Stream(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("stream %s: %w", stream, err)
	}
	return int64(s.CachedInfo().State.Msgs), nil
}

// close ends everything and removes the files.
func (w *benchWorld) close() error {
	if w.kinesis != nil {
		w.kinesis.Close()
	}
	if w.mongo != nil {
		w.mongo.Close()
	}
	if w.s3 != nil {
		w.s3.Close()
	}
	if w.client != nil {
		w.client.Conn.Close()
	}
	if w.nats != nil {
		w.nats.Close()
	}
	if err := os.RemoveAll(w.dir); err != nil {
		return fmt.Errorf("remove the benchmark's files: %w", err)
	}
	return nil
}
