package outcomes_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/outcomes"
	"cashtag/streams"
	"cashtag/streams/merge"
	"cashtag/streams/streamstest"
)

// TestRestartLosesNothingAndMakesNothingTwice runs the service with its own permissions, worker
// after worker, on one stream.
func TestRestartLosesNothingAndMakesNothingTwice(t *testing.T) {
	t.Parallel()
	server := streamstest.Start(t)
	asked := predict("direction", "preopen", "AAPL", openOf(20), closeOf(20), 3)
	again := predict("direction", "preopen", "AAPL", openOf(20), closeOf(20), 4)
	for _, step := range []struct {
		events []schemas.Event
		want   []string // all outcomes in the stream
	}{
		{append(history(), asked), nil},
		{[]schemas.Event{daily(20, "AAPL", 101, 5), tick(closeOf(20))}, []string{"outcome:" + asked.ID}},
		{[]schemas.Event{tick(openOf(21))}, []string{"outcome:" + asked.ID}},
		{[]schemas.Event{again}, []string{"outcome:" + asked.ID, "outcome:" + again.ID}},
	} {
		server.Publish(t, step.events...)
		work(t, server)
		got, err := streams.LastIDs(t.Context(), server.Client, "outcomes.test.AAPL", 10)
		if err != nil || !slices.Equal(got, step.want) {
			t.Errorf("got %q, %v, want %q", got, err, step.want)
		}
	}
}

// work runs a worker until it has read all there is.
func work(t *testing.T, server *streamstest.Server) {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	h, err := outcomes.NewHandler(outcomes.DefaultConfig(), nil, logger)
	if err != nil {
		t.Fatal(err)
	}
	cfg := outcomes.Reading()
	cfg.Poll, cfg.CommitPause = 5*time.Millisecond, 0
	client := server.ConnectAs(t, streams.ServiceOutcomes)
	reader, err := merge.New(client, streamstest.NewPublisher(t, client), h, streamstest.NewSwitch(true), logger, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), streamstest.Patience)
	defer cancel()
	running := streamstest.Run(t, reader.Run)
	for _, name := range cfg.Streams {
		if err := reader.Flush(ctx, name, server.Last(t, name)); err != nil {
			t.Errorf("flush %s: %v", name, err)
		}
	}
	if err := running.Stop(t); err != nil {
		t.Errorf("run: %v", err)
	}
}
