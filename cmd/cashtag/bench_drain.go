//go:build !external

package main

import (
	"context"
	"fmt"
	"time"

	"cashtag/cmd/cashtag/minimum"
	"cashtag/streams"

	"golang.org/x/sync/errgroup"
)

const (
	// benchPoll is how often a run looks whether it is done.
	benchPoll = 2 * time.Millisecond
	// benchQuiet is how long a run may store nothing.
	benchQuiet = 30 * time.Second
)

// drain runs the services as `cashtag run` does, but that each reads TWEETS alone,
// until all is stored.
func (w *benchWorker) drain(ctx context.Context) (benchResult, error) {
	ends, err := FarEnds{
		MongoURI: w.MongoURI, MongoDatabase: "cashtag",
		S3Endpoint: w.S3Endpoint, S3Bucket: "cashtag-archive",
		KinesisEndpoint: w.KinesisEndpoint, KinesisTweets: "cashtag-tweets", KinesisQuotes: "cashtag-quotes",
		AWSRegion: standInRegion, Create: true,
	}.resolve()
	if err != nil {
		return benchResult{}, err
	}
	ends.kinesis.AccessKey, ends.kinesis.SecretKey = "stub", "stub"
	ends.archive.AccessKey, ends.archive.SecretKey = "stub", "stub"
	ends.archive.Streams = []string{streams.Tweets}
	p, err := newPlatform(ctx, w.logger.Handler(), Connection{NATSURL: w.NATSURL}.open)
	if err != nil {
		return benchResult{}, err
	}
	defer p.close(ctx)
	p.only = []string{streams.Tweets}
	if err := p.addServices(ctx, w.Paths, ends); err != nil {
		return benchResult{}, err
	}
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	result, err := w.measure(func() error {
		p.start(running)
		return w.awaitStored(ctx, p)
	})
	if err != nil {
		return result, err
	}
	return result, p.end(ctx, cancel, w.logger)
}

// awaitStored waits until every consumer has stored all events.
func (w *benchWorker) awaitStored(ctx context.Context, p *platform) error {
	flushing, cancel := context.WithCancel(ctx)
	defer cancel()
	group, flushing := errgroup.WithContext(flushing)
	for _, s := range p.services {
		if s.flush != nil {
			group.Go(func() error { return s.flush(flushing, streams.Tweets, uint64(w.Events)) })
		}
	}
	if err := w.pollStored(ctx, p); err != nil {
		return err
	}
	return group.Wait()
}

func (w *benchWorker) pollStored(ctx context.Context, p *platform) error {
	poll := time.NewTicker(benchPoll)
	defer poll.Stop()
	readers := p.readers()
	if len(readers) != len(w.Paths) {
		return fmt.Errorf("%d consumers read %s for %d services", len(readers), streams.Tweets, len(w.Paths))
	}
	var last uint64
	moved := time.Now()
	for {
		var stored, waiting uint64
		for _, reader := range readers {
			stats := reader.activity()
			stored += stats.Stored
			if stats.Stored < uint64(w.Events) {
				waiting++
			}
			if stats.Buried > 0 {
				return fmt.Errorf("%s buried %d events", reader.consumer.Key(), stats.Buried)
			}
		}
		if waiting == 0 {
			return nil
		}
		if stored != last {
			last, moved = stored, time.Now()
		}
		if time.Since(moved) > benchQuiet {
			return fmt.Errorf("nothing stored for %s, after %d of %d", benchQuiet, stored, w.Events*len(readers))
		}
		if err := p.failed(); err != nil {
			return err
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// drainByHand runs the minimum of each path, all at once.
func (w *benchWorker) drainByHand(ctx context.Context) (benchResult, error) {
	client, err := Connection{NATSURL: w.NATSURL}.open("")
	if err != nil {
		return benchResult{}, err
	}
	defer client.Conn.Close()
	var paths []minimum.Path
	for _, name := range w.Paths {
		path, err := w.byHand(name, client)
		if err != nil {
			return benchResult{}, err
		}
		paths = append(paths, path)
	}
	return w.measure(func() error {
		group, ctx := errgroup.WithContext(ctx)
		for _, path := range paths {
			group.Go(func() error { return path.Drain(ctx, client.JS, streams.Tweets, w.Events) })
		}
		return group.Wait()
	})
}

func (w *benchWorker) byHand(name string, client *streams.Client) (minimum.Path, error) {
	switch name {
	case streams.ServiceKinesis:
		return minimum.Kinesis(w.KinesisEndpoint, "cashtag-tweets"), nil
	case streams.ServiceMongo:
		return minimum.Mongo(w.MongoURI, "cashtag", "tweets")
	case streams.ServiceArchive:
		return minimum.Archive(w.S3Endpoint, "cashtag-archive")
	default:
		return minimum.Sentiment(client.JS)
	}
}
