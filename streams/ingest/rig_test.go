package ingest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/ingest"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go/jetstream"
)

// rig is a server with the topology.
type rig struct {
	client    *streams.Client
	publisher *streams.Publisher
	log       streamstest.Log
}

func newRig(t *testing.T) *rig {
	t.Helper()
	server := streamstest.Start(t)
	return &rig{client: server.Client, publisher: server.Publisher}
}

func config() ingest.Config {
	cfg := ingest.DefaultConfig("test", "tweets.x.>")
	cfg.MinBackoff, cfg.MaxBackoff = 5*time.Millisecond, 20*time.Millisecond
	return cfg
}

// running is a Runner that was started.
type running struct {
	*ingest.Runner
	*streamstest.Running
}

func (r *rig) start(t *testing.T, source ingest.Source, gates ingest.Gates, cfg ingest.Config) *running {
	t.Helper()
	return r.startWith(t, r.publisher, source, gates, cfg)
}

func (r *rig) startWith(t *testing.T, publisher ingest.Publisher, source ingest.Source, gates ingest.Gates, cfg ingest.Config) *running {
	t.Helper()
	runner, err := ingest.New(r.client, publisher, source, gates, r.log.Logger(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &running{runner, streamstest.Run(t, runner.Run)}
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
	asked   int // without an answer being left
}

type answer struct {
	events []schemas.Event
	next   string
	err    error
}

func newScript(answers ...answer) *script {
	return &script{answers: answers}
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
	s.asked++
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

// taken waits until the source gave its last answer.
func (s *script) taken(t *testing.T) {
	t.Helper()
	streamstest.Eventually(t, "the last answer", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.answers) == 0
	})
}

// dry waits until the source was asked once more than it had answers, and so until
// its last answer is settled.
func (s *script) dry(t *testing.T) {
	t.Helper()
	streamstest.Eventually(t, "the script's end", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.asked > 0
	})
}

var errBroken = errors.New("connection broken")
