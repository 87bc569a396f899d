package outcomes_test

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
	"cashtag/services/outcomes"
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

// TestRestartLosesNothingAndMakesNothingTwice runs the service with its own permissions, worker
// after worker, on one stream.
func TestRestartLosesNothingAndMakesNothingTwice(t *testing.T) {
	t.Parallel()
	publish, subscribe, err := streams.Permissions(streams.ServiceOutcomes)
	if err != nil {
		t.Fatal(err)
	}
	server := natsdtest.Start(t, func(c *natsd.Config) {
		c.SyncAlways = false
		c.Users = []natsd.User{{Name: streams.ServiceOutcomes, Password: "secret", Publish: publish, Subscribe: subscribe}}
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
		if err := publisher.Publish(t.Context(), step.events...); err != nil {
			t.Fatal(err)
		}
		work(t, server, operator)
		got, err := streams.LastIDs(t.Context(), operator, "outcomes.test.AAPL", 10)
		if err != nil || !slices.Equal(got, step.want) {
			t.Errorf("got %q, %v, want %q", got, err, step.want)
		}
	}
}

// work runs a worker until it has read all there is.
func work(t *testing.T, server *natsd.Server, operator *streams.Client) {
	t.Helper()
	conn, err := server.ConnectAs(streams.ServiceOutcomes, nats.CustomInboxPrefix(streams.InboxPrefix(streams.ServiceOutcomes)),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrPermissionViolation) {
				t.Errorf("refused: %v", err)
			}
		}))
	own, publisher := client(t, conn, err)
	logger := slog.New(slog.DiscardHandler)
	h, err := outcomes.NewHandler(outcomes.DefaultConfig(), logger)
	if err != nil {
		t.Fatal(err)
	}
	cfg := outcomes.Reading()
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
	for _, name := range cfg.Streams {
		stream, err := operator.JS.Stream(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.Flush(ctx, name, stream.CachedInfo().State.LastSeq); err != nil {
			t.Errorf("flush: %v", err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
}
