package predictor_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/internal/model"
	"cashtag/schemas"
	"cashtag/services/predictor"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"
)

const schema = "9f86d081884c7d65"

// closed is the close of Monday 2014-06-02.
var closed = time.Date(2014, 6, 2, 20, 0, 0, 0, time.UTC)

func artefact(edit func(*model.Artefact)) *model.Artefact {
	base := 0.5123456789
	a := &model.Artefact{
		Name: "direction-features", Target: "direction", Kind: model.KindLogistic, Window: schemas.WindowDay, HorizonS: 86400,
		SchemaHash: schema, Columns: []string{"posts_log", "posts_z"},
		Scaler:   model.Scaler{Mean: []float64{1, 0}, Scale: []float64{2, 1}},
		Linear:   model.Linear{Weights: []float64{0.5, -1}, Intercept: 0.1},
		DataHash: "d1", TrainedFrom: "2014-01-02", TrainedTo: "2014-05-30", CodeVersion: "test", C: 1, Baseline: &base,
		Training: []model.Distribution{{Cuts: []float64{1, 2}, Rows: []int64{4, 4, 2, 0}, Days: 5}, {Rows: []int64{10, 0}, Days: 5}},
		Scores:   []model.Score{{Metric: "auc", Value: 0.51, Baseline: 0.5, Rows: 10, Days: 5}},
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

// rig is a server with the topology, a store and a log.
type rig struct {
	*streamstest.Server

	store *memory
	log   streamstest.Log
	cfg   predictor.Config
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return &rig{Server: streamstest.Start(t), store: &memory{}}
}

// logged counts what the log says.
func (r *rig) logged(text string) int { return strings.Count(r.log.String(), text) }

// start runs the service with its own permissions, which must suffice, until stop is
// called.
func (r *rig) start(t *testing.T) (stop func()) {
	t.Helper()
	client := r.ConnectAs(t, streams.ServicePredictor)
	publisher := streamstest.NewPublisher(t, client)
	service := predictor.New(func(ctx context.Context, after uint64, each func(uint64, []byte)) (uint64, error) {
		return streams.ReadSince(ctx, client, streams.Models, after, each)
	}, r.store, publisher, r.log.Logger(), r.cfg)
	cfg := durable.DefaultConfig(streams.Consumer{Service: streams.ServicePredictor, Stream: streams.Features})
	cfg.Alone = true
	runner, err := durable.New(client, publisher, service.Sink(), streamstest.NewSwitch(true), r.log.Logger(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	running := streamstest.Run(t, func(ctx context.Context) error { return service.Run(ctx, runner, ticks(ctx)) })
	stop = func() {
		if err := running.Stop(t); err != nil {
			t.Errorf("run: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// promote stores a model and promotes it.
func (r *rig) promote(t *testing.T, m *schemas.Model, file []byte, at time.Time) {
	t.Helper()
	if err := predictor.Push(t.Context(), r.store, r.Publisher, m, file); err != nil {
		t.Fatal(err)
	}
	r.Publish(t, predictor.Stated(*m, schemas.VerbPromoted, "ada", at))
}

// predictions are the stored bytes by event id, and the ids in order.
func (r *rig) predictions(t *testing.T) (map[string][]byte, []string) {
	t.Helper()
	found := make(map[string][]byte)
	var order []string
	_, err := streams.ReadSince(t.Context(), r.Client, streams.Predictions, 0, func(_ uint64, data []byte) {
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

// awaitPredictions waits for n of them and returns their ids in order.
func (r *rig) awaitPredictions(t *testing.T, n int) []string {
	t.Helper()
	var order []string
	streamstest.Eventually(t, fmt.Sprintf("%d predictions", n), func() bool {
		_, order = r.predictions(t)
		return len(order) >= n
	})
	if len(order) != n {
		t.Fatalf("got %d predictions, want %d: %q", len(order), n, order)
	}
	return order
}

func keys(found map[string][]byte) []string { return slices.Sorted(maps.Keys(found)) }
