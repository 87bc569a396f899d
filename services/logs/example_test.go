package logs_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"cashtag/schemas"
	"cashtag/services/logs"
)

// printer publishes to the terminal, for want of a stream.
type printer struct{}

func (printer) Publish(_ context.Context, events ...schemas.Event) error {
	for _, event := range events {
		if log, ok := event.Data.(*schemas.Log); ok {
			fmt.Printf("%s %s: %s %v\n", log.Service, log.Level, log.Message, log.Attributes)
		}
	}
	return nil
}

func Example() {
	config := logs.DefaultConfig()
	config.Service = "mongo"
	handler := logs.New(slog.NewTextHandler(os.Stderr, nil), config)

	ctx, stop := context.WithCancel(context.Background())
	logger := slog.New(handler).With("stream", "TWEETS")
	logger.InfoContext(ctx, "connected", "uri", "mongodb://cashtag:hunter2@127.0.0.1/")

	stop() // what is queued is still published
	if err := handler.Run(ctx, printer{}); err != nil {
		fmt.Println(err)
	}
	// Output: mongo info: connected map[stream:TWEETS uri:mongodb://[redacted]@127.0.0.1/]
}

var _ logs.Publisher = printer{}
