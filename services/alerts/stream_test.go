package alerts_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/alerts"
	"cashtag/streams"
	"cashtag/streams/merge"
	"cashtag/streams/streamstest"
)

// TestRestartRaisesNothingTwice runs the service with its own permissions, worker
// after worker, on one stream.
func TestRestartRaisesNothingTwice(t *testing.T) {
	t.Parallel()
	server := streamstest.Start(t)
	monday := open(0)
	for _, step := range []struct {
		event schemas.Event
		want  []string // all alerts in the stream
	}{
		{vector(0, "AAPL", 1, 6, 2), []string{alertID("AAPL", monday)}},
		{vector(0, "AAPL", 2, 7, 2), []string{alertID("AAPL", monday)}},
		{twenty(monday.Add(40 * time.Minute)), []string{alertID("AAPL", monday)}},
		{twenty(monday.Add(80 * time.Minute)), []string{alertID("AAPL", monday), alertID("AAPL", monday.Add(80*time.Minute))}},
	} {
		server.Publish(t, step.event)
		work(t, server)
		got, err := streams.LastIDs(t.Context(), server.Client, "alerts.attention.AAPL", 10)
		if err != nil || !slices.Equal(got, step.want) {
			t.Errorf("after %s: got %q, %v, want %q", step.event.ID, got, err, step.want)
		}
	}
}

// work runs a worker until it has read all there is.
func work(t *testing.T, server *streamstest.Server) {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	h, err := alerts.NewHandler(alerts.DefaultConfig(), logger)
	if err != nil {
		t.Fatal(err)
	}
	cfg := alerts.Reading()
	cfg.Poll, cfg.CommitPause = 5*time.Millisecond, 0
	client := server.ConnectAs(t, streams.ServiceAlerts)
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
