package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/ingest"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const patience = 20 * time.Second

// rig is a server with the streams that sources feed.
type rig struct {
	client    *streams.Client
	publisher *streams.Publisher
	log       *lines
}

func newRig(t *testing.T) *rig {
	t.Helper()
	conn, err := natsdtest.Start(t).Connect()
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	return newRigOn(t, conn)
}

func newRigOn(t *testing.T, conn *nats.Conn) *rig {
	t.Helper()
	t.Cleanup(conn.Close)
	r := &rig{log: &lines{}}
	var err error
	if r.client, err = streams.NewClient(conn); err != nil {
		t.Fatal(err)
	}
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		t.Fatal(err)
	}
	for _, stream := range topology.Streams[:3] {
		if _, err := r.client.JS.CreateStream(t.Context(), stream); err != nil {
			t.Fatalf("create stream: %v", err)
		}
	}
	if r.publisher, err = streams.NewPublisher(r.client, streams.DefaultPublisherConfig()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.publisher.Close(context.WithoutCancel(t.Context())) })
	return r
}

func config() ingest.Config {
	cfg := ingest.DefaultConfig("test", "tweets.x.>")
	cfg.MinBackoff, cfg.MaxBackoff = 5*time.Millisecond, 20*time.Millisecond
	return cfg
}

// running is a Runner that was started.
type running struct {
	*ingest.Runner

	stop context.CancelFunc
	done chan error
}

func (r *rig) start(t *testing.T, source ingest.Source, gates ingest.Gates, cfg ingest.Config) *running {
	t.Helper()
	return r.startWith(t, r.publisher, source, gates, cfg)
}

func (r *rig) startWith(t *testing.T, publisher ingest.Publisher, source ingest.Source, gates ingest.Gates, cfg ingest.Config) *running {
	t.Helper()
	runner, err := ingest.New(r.client, publisher, source, gates, r.log.logger(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	run := &running{Runner: runner, stop: cancel, done: make(chan error, 1)}
	go func() { run.done <- runner.Run(ctx) }()
	t.Cleanup(cancel)
	return run
}

func (r *running) end(t *testing.T) error {
	t.Helper()
	r.stop()
	return r.wait(t)
}

func (r *running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(patience):
		t.Fatal("the runner did not end")
		return nil
	}
}

// stored is the id and the place of every message in TWEETS, as "id|place".
func (r *rig) stored(t *testing.T) []string {
	t.Helper()
	return r.storedIn(t, streams.Tweets)
}

func (r *rig) storedIn(t *testing.T, name string) []string {
	t.Helper()
	stream, err := r.client.JS.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for sequence := uint64(1); sequence <= stream.CachedInfo().State.LastSeq; sequence++ {
		message, err := stream.GetMsg(t.Context(), sequence)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, message.Header.Get(jetstream.MsgIDHeader)+"|"+message.Header.Get(streams.HeaderPlace))
	}
	return all
}

// script is a source that answers what it was told to and then blocks.
type script struct {
	mu      sync.Mutex
	answers []answer
	cursors []string // as Next was given them
	at      []time.Time
	closed  int
	more    chan struct{}
}

type answer struct {
	events []schemas.Event
	next   string
	err    error
}

func newScript(answers ...answer) *script {
	return &script{answers: answers, more: make(chan struct{})}
}

func (s *script) Next(ctx context.Context, cursor string) ([]schemas.Event, string, error) {
	s.mu.Lock()
	s.cursors, s.at = append(s.cursors, cursor), append(s.at, time.Now())
	if len(s.answers) > 0 {
		a := s.answers[0]
		s.answers = s.answers[1:]
		s.mu.Unlock()
		return a.events, a.next, a.err
	}
	s.mu.Unlock()
	<-ctx.Done()
	return nil, "", ctx.Err()
}

func (s *script) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed++
	return nil
}

func (s *script) calls() ([]string, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.cursors...), s.closed
}

// dry waits until the source was asked once more than it had answers.
func (s *script) dry(t *testing.T) {
	t.Helper()
	eventually(t, "the script's end", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.answers) == 0 && len(s.cursors) > 0
	})
}

var errBroken = errors.New("connection broken")

func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	deadline := time.After(patience)
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for !yes() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited %s for: %s", patience, what)
		}
	}
}

// lines collects what a logger writes.
type lines struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.String()
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }
