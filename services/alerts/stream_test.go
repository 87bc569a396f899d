package alerts_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/services/alerts"
	"cashtag/streams"
	"cashtag/streams/merge"

	"github.com/nats-io/nats.go"
)

type always struct{}

func (always) On() bool                 { return true }
func (always) Changed() <-chan struct{} { return nil }

func client(t *testing.T, conn *nats.Conn, err error) (*streams.Client, *streams.Publisher) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	found, err := streams.NewClient(conn)
	if err != nil {
		t.Fatal(err)
	}
	publisher, err := streams.NewPublisher(found, streams.DefaultPublisherConfig())
	if err != nil {
		t.Fatal(err)
	}
	return found, publisher
}

// TestRestartRaisesNothingTwice runs the service with its own permissions, worker
// after worker, on one stream.
func TestRestartRaisesNothingTwice(t *testing.T) {
	t.Parallel()
	publish, subscribe, err := streams.Permissions(streams.ServiceAlerts)
	if err != nil {
		t.Fatal(err)
	}
	server := natsdtest.Start(t, func(c *natsd.Config) {
		c.SyncAlways = false
		c.Users = []natsd.User{{Name: streams.ServiceAlerts, Password: "secret", Publish: publish, Subscribe: subscribe}}
	})
	conn, err := server.Connect()
	operator, publisher := client(t, conn, err)
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := streams.Apply(t.Context(), operator, topology, false); err != nil {
		t.Fatal(err)
	}
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
		if err := publisher.Publish(t.Context(), step.event); err != nil {
			t.Fatal(err)
		}
		work(t, server, operator)
		got, err := streams.LastIDs(t.Context(), operator, "alerts.attention.AAPL", 10)
		if err != nil || !slices.Equal(got, step.want) {
			t.Errorf("after %s: got %q, %v, want %q", step.event.ID, got, err, step.want)
		}
	}
}

// work runs a worker until it has read all there is.
func work(t *testing.T, server *natsd.Server, operator *streams.Client) {
	t.Helper()
	conn, err := server.ConnectAs(streams.ServiceAlerts, nats.CustomInboxPrefix(streams.InboxPrefix(streams.ServiceAlerts)),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrPermissionViolation) {
				t.Errorf("refused: %v", err)
			}
		}))
	own, publisher := client(t, conn, err)
	logger := slog.New(slog.DiscardHandler)
	h, err := alerts.NewHandler(alerts.DefaultConfig(), logger)
	if err != nil {
		t.Fatal(err)
	}
	cfg := alerts.Reading()
	cfg.Poll, cfg.CommitPause = 5*time.Millisecond, 0
	reader, err := merge.New(own, publisher, h, always{}, logger, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- reader.Run(running) }()
	stream, err := operator.JS.Stream(ctx, streams.Features)
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Flush(ctx, streams.Features, stream.CachedInfo().State.LastSeq); err != nil {
		t.Errorf("flush: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
}
