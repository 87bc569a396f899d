package streams_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/schemas"
	"cashtag/streams"
)

// A source leaves its place with every event, and goes on from there however it
// ended.
func ExampleLastPlace() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "streams")
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
	if err := playTwice(ctx, server); err != nil {
		fmt.Println(err)
	}
	// Output:
	// from line 0
	// from line 2
}

func playTwice(ctx context.Context, server *natsd.Server) error {
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
	for range 2 {
		place, err := streams.LastPlace(ctx, client, streams.Market, "tape")
		if err != nil {
			return err
		}
		line := 0
		if place != "" {
			if _, err := fmt.Sscanf(place, "line:%d", &line); err != nil {
				return err
			}
		}
		fmt.Println("from line", line)
		var placed []streams.Placed
		for next := line + 1; next <= line+2; next++ {
			at := time.Date(2024, 3, 1, 15, next, 0, 0, time.UTC)
			placed = append(placed, streams.Placed{
				Event: schemas.New(schemas.ClockID(schemas.MICXNYS, true, at), "/example", schemas.MICXNYS, at,
					&schemas.Clock{MIC: schemas.MICXNYS, Open: true}),
				Place: fmt.Sprintf("line:%d", next),
			})
		}
		if err := publisher.PublishPlaced(ctx, "tape", placed...); err != nil {
			return err
		}
	}
	return publisher.Close(ctx)
}
