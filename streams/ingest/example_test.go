package ingest_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable/sinktest"
	"cashtag/streams/ingest"
)

// pages is a vendor that one asks for what comes after a number: here it has five
// posts, in pages of two.
type pages struct{}

// Next implements ingest.Source.
func (pages) Next(ctx context.Context, cursor string) ([]schemas.Event, string, error) {
	after, _ := strconv.Atoi(cursor) // "" is the start
	if after == 5 {
		<-ctx.Done() // nothing new
		return nil, "", ctx.Err()
	}
	var page []schemas.Event
	for n := after; n < min(after+2, 5); n++ {
		page = append(page, sinktest.Tweet(n))
	}
	fmt.Printf("asked after %d\n", after)
	return page, strconv.Itoa(after + len(page)), nil
}

// A source knows its vendor, and the engine the rest: here a second run goes on
// where the first one ended.
func ExampleRunner() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "ingest")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cfg := natsd.DefaultConfig()
	cfg.Dir, cfg.Port = dir, -1
	server, err := natsd.Start(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	for _, events := range []int{4, 1} {
		if err := runUntil(ctx, server, events); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// asked after 0
	// asked after 2
	// stored 4
	// asked after 4
	// stored 1
}

// runUntil runs the source until so many events are stored.
func runUntil(ctx context.Context, server *natsd.Server, events int) error {
	conn, err := server.Connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	client, err := streams.NewClient(conn)
	if err != nil {
		return err
	}
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		return err
	}
	if _, err := streams.Apply(ctx, client, topology, false); err != nil {
		return err
	}
	publisher, err := streams.NewPublisher(client, streams.DefaultPublisherConfig())
	if err != nil {
		return err
	}
	defer func() { _ = publisher.Close(ctx) }()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cfg := ingest.DefaultConfig("pages", "tweets.x.*")
	stored := 0
	cfg.Settled = func(page []schemas.Event) {
		if stored += len(page); stored >= events {
			stop()
		}
	}
	runner, err := ingest.New(client, publisher, pages{}, ingest.Gates{}, nil, cfg)
	if err != nil {
		return err
	}
	if err := runner.Run(ctx); err != nil {
		return err
	}
	fmt.Printf("stored %d\n", runner.Stats().Accepted)
	return nil
}
