package predictor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/internal/model"
	"cashtag/schemas"
	"cashtag/services/predictor"
	"cashtag/streams"
	"cashtag/streams/durable"

	"github.com/nats-io/nats.go"
)

const schema = "9f86d081884c7d65"

// closed is the close of Monday 2014-06-02.
var closed = time.Date(2014, 6, 2, 20, 0, 0, 0, time.UTC)

func artefact(edit func(*model.Artefact)) *model.Artefact {
	a := &model.Artefact{
		Name: "direction-features", Target: "direction", Kind: model.KindLogistic, Window: schemas.WindowDay, HorizonS: 86400,
		SchemaHash: schema, Columns: []string{"posts_log", "posts_z"},
		Scaler:   model.Scaler{Mean: []float64{1, 0}, Scale: []float64{2, 1}},
		Linear:   model.Linear{Weights: []float64{0.5, -1}, Intercept: 0.1},
		DataHash: "d1", TrainedFrom: "2014-01-02", TrainedTo: "2014-05-30", CodeVersion: "test", C: 1,
		Scores: []model.Score{{Metric: "auc", Value: 0.51, Baseline: 0.5, Rows: 10, Days: 5}},
	}
	if edit != nil {
		edit(a)
	}
	return a
}

// trained is a model's file and what is stated of it.
func trained(t *testing.T, name string, edit func(*model.Artefact)) (*schemas.Model, []byte) {
	t.Helper()
	file, err := artefact(edit).Encode()
	if err != nil {
		t.Fatal(err)
	}
	m, err := predictor.Trained(name, file, "ada", closed)
	if err != nil {
		t.Fatal(err)
	}
	return m, file
}

func vector(window, ticker string, end time.Time, revision int64) schemas.Event {
	f := &schemas.Feature{
		Window: window, Ticker: ticker, StartAt: end.Add(-20 * time.Minute), EndAt: end, Revision: revision,
		Schema: schema, Scorer: "cdipaolo", ScorerVersion: "1",
		Names: []string{"posts_z", "posts_log"}, Values: []float64{0.5, float64(revision)},
	}
	return schemas.New(schemas.FeatureID(f), schemas.ServiceSource("features"), ticker, end, f)
}

// memory is an object store that may be away.
type memory struct {
	mu      sync.Mutex
	away    bool
	objects map[string][]byte
}

func (m *memory) Get(_ context.Context, name string, _ int64) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return nil, errors.New("connection refused")
	}
	if data, ok := m.objects[name]; ok {
		return data, nil
	}
	return nil, fmt.Errorf("get %s: %w", name, predictor.ErrNoObject)
}

func (m *memory) Put(_ context.Context, name string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.objects == nil {
		m.objects = make(map[string][]byte)
	}
	m.objects[name] = data
	return nil
}

func (m *memory) turn(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

// journal is a log that tests may read meanwhile.
type journal struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.Write(p)
}

func (j *journal) count(text string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.lines.String(), text)
}

// rig is a server with the topology, a store and a log.
type rig struct {
	server    *natsd.Server
	client    *streams.Client
	publisher *streams.Publisher
	store     *memory
	log       *journal
	cfg       predictor.Config
}

func newRig(t *testing.T) *rig {
	t.Helper()
	publish, subscribe, err := streams.Permissions(streams.ServicePredictor)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{store: &memory{}, log: &journal{}, server: natsdtest.Start(t, func(c *natsd.Config) {
		c.SyncAlways = false
		c.Users = []natsd.User{{Name: streams.ServicePredictor, Password: "secret", Publish: publish, Subscribe: subscribe}}
	})}
	conn, err := r.server.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if r.client, err = streams.NewClient(conn); err != nil {
		t.Fatal(err)
	}
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := streams.Apply(t.Context(), r.client, topology, false); err != nil {
		t.Fatal(err)
	}
	if r.publisher, err = streams.NewPublisher(r.client, streams.DefaultPublisherConfig()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.publisher.Close(context.WithoutCancel(t.Context())) })
	return r
}

type always struct{}

func (always) On() bool                 { return true }
func (always) Changed() <-chan struct{} { return nil }

// start runs the service with its own permissions, which must suffice, until stop is
// called.
func (r *rig) start(t *testing.T) (stop func()) {
	t.Helper()
	conn, err := r.server.ConnectAs(streams.ServicePredictor, nats.CustomInboxPrefix(streams.InboxPrefix(streams.ServicePredictor)),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrPermissionViolation) {
				t.Errorf("refused: %v", err)
			}
		}))
	if err != nil {
		t.Fatal(err)
	}
	client, err := streams.NewClient(conn)
	if err != nil {
		t.Fatal(err)
	}
	publisher, err := streams.NewPublisher(client, streams.DefaultPublisherConfig())
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(r.log, nil))
	service := predictor.New(func(ctx context.Context, after uint64, each func(uint64, []byte)) (uint64, error) {
		return streams.ReadSince(ctx, client, streams.Models, after, each)
	}, r.store, publisher, logger, r.cfg)
	cfg := durable.DefaultConfig(streams.Consumer{Service: streams.ServicePredictor, Stream: streams.Features})
	cfg.Alone = true
	runner, err := durable.New(client, publisher, service.Sink(), always{}, logger, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- service.Run(ctx, runner, ticks(ctx)) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("run: %v", err)
			}
			_ = publisher.Close(context.WithoutCancel(t.Context()))
			conn.Close()
		})
	}
	t.Cleanup(stop)
	return stop
}

func (r *rig) publish(t *testing.T, events ...schemas.Event) {
	t.Helper()
	if err := r.publisher.Publish(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
}

// promote stores a model and promotes it.
func (r *rig) promote(t *testing.T, m *schemas.Model, file []byte, at time.Time) {
	t.Helper()
	if err := predictor.Push(t.Context(), r.store, r.publisher, m, file); err != nil {
		t.Fatal(err)
	}
	r.publish(t, predictor.Stated(*m, schemas.VerbPromoted, "ada", at))
}

// predictions are the stored bytes by event id, and the ids in order.
func (r *rig) predictions(t *testing.T) (map[string][]byte, []string) {
	t.Helper()
	found := make(map[string][]byte)
	var order []string
	_, err := streams.ReadSince(t.Context(), r.client, streams.Predictions, 0, func(_ uint64, data []byte) {
		event, err := schemas.Decode(data)
		if err != nil || event.Validate() != nil {
			t.Errorf("prediction %s: %v, %v", data, err, event.Validate())
		}
		found[event.ID] = data
		order = append(order, event.ID)
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, order
}

// ticks are as many as are taken.
func ticks(ctx context.Context) <-chan time.Time {
	c := make(chan time.Time)
	go func() {
		for {
			select {
			case c <- time.Time{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return c
}

// await asks the server, for pacing, until what is wanted holds.
func (r *rig) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !holds() {
		if err := r.client.Conn.FlushWithContext(ctx); err != nil {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// awaitPredictions waits for n of them and returns their ids in order.
func (r *rig) awaitPredictions(t *testing.T, n int) []string {
	t.Helper()
	var order []string
	r.await(t, fmt.Sprintf("%d predictions", n), func() bool {
		_, order = r.predictions(t)
		return len(order) >= n
	})
	if len(order) != n {
		t.Fatalf("got %d predictions, want %d: %q", len(order), n, order)
	}
	return order
}

func keys(found map[string][]byte) []string { return slices.Sorted(maps.Keys(found)) }
