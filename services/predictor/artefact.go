package predictor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cashtag/internal/model"
	"cashtag/schemas"
)

// ErrNoObject is wrapped by ObjectStore.Get when there is no object of that name.
var ErrNoObject = errors.New("the store has no such object")

// ErrRefused is wrapped by the error of a model's file that is not to be served.
var ErrRefused = errors.New("model refused")

// ObjectStore keeps the files of models.
type ObjectStore interface {
	// Get reads an object of at most limit bytes. It returns an error that wraps
	// ErrNoObject where there is none.
	Get(ctx context.Context, name string, limit int64) ([]byte, error)
	// Put stores an object whole.
	Put(ctx context.Context, name string, data []byte) error
}

// Key is where a version's file is in the object store.
func Key(name, version string) string { return "models/" + name + "/" + version }

// CheckJudged returns an error that wraps ErrRefused for a model whose predictions could
// never be judged: a large move and an abnormal volume are defined by the 20 sessions
// before, and of windows within a session none are kept.
func CheckJudged(m *schemas.Model) error {
	within := m.Window == schemas.WindowMinute || m.Window == schemas.Window20m
	if within && (m.Target == "large_move" || m.Target == "abnormal_volume") {
		return fmt.Errorf("%w: %s from %s has no outcome, it is defined by whole sessions: train it for %s, %s or %s",
			ErrRefused, m.Target, m.Window, schemas.WindowPreopen, schemas.WindowSession, schemas.WindowDay)
	}
	return nil
}

// Trained returns what MODELS is to say of a model's file that is stored under a
// name. It returns an error for a file that cannot be served.
func Trained(name string, file []byte, by string, at time.Time) (*schemas.Model, error) {
	a, err := model.DecodeArtefact(file)
	if err != nil {
		return nil, err
	}
	hash := model.ArtefactHash(file)
	version := strings.Trim(strings.ReplaceAll(a.TrainedTo, "-", "")+"-"+hash[:8], "-")
	m := &schemas.Model{
		Name: name, Version: version, Verb: schemas.VerbTrained, Object: Key(name, version), ArtefactHash: hash,
		DataHash: a.DataHash, FeatureSchema: a.SchemaHash, CodeVersion: a.CodeVersion,
		Target: a.Target, Window: a.Window, HorizonS: a.HorizonS, Scores: make([]schemas.ModelScore, 0, len(a.Scores)),
		By: by, StatedAt: at.UTC(),
	}
	for _, s := range a.Scores {
		m.Scores = append(m.Scores, schemas.ModelScore{
			Metric: s.Metric, Value: s.Value, Low: s.Low, High: s.High, Baseline: s.Baseline, Rows: int64(s.Rows), Days: int64(s.Days),
		})
	}
	for i, d := range a.Training {
		m.Columns = append(m.Columns, schemas.ModelColumn{
			Name: a.Columns[i], Cuts: append([]float64{}, d.Cuts...), Rows: d.Rows, Days: int64(d.Days), Noise: d.Noise,
		})
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	if err := CheckJudged(m); err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	return m, nil
}

// Stated returns the event that somebody states of a model.
func Stated(m schemas.Model, verb, by string, at time.Time) schemas.Event {
	m.Verb, m.By, m.StatedAt = verb, by, at.UTC()
	return schemas.New(schemas.ModelID(&m), schemas.ServiceSource("models"), m.Name, m.StatedAt, &m)
}

// Push stores a model's file and then states that it was trained, in this order, so
// that MODELS never names a file that is not there.
func Push(ctx context.Context, store ObjectStore, publisher Publisher, m *schemas.Model, file []byte) error {
	if err := store.Put(ctx, m.Object, file); err != nil {
		return fmt.Errorf("store model %s: %w", m.Name, err)
	}
	if err := publisher.Publish(ctx, Stated(*m, schemas.VerbTrained, m.By, m.StatedAt)); err != nil {
		return fmt.Errorf("state model %s: %w", m.Name, err)
	}
	return nil
}

// Load reads the file of a model and checks that it is the one that was stated, and
// of the feature schema that vectors of its window have; schemas without an entry
// for the window are not checked. Neither is it loaded where it could not be judged. It returns an error that wraps ErrRefused for a
// file that is never to be served.
func Load(ctx context.Context, store ObjectStore, m schemas.Model, schemaOf map[string]string) (*model.Artefact, error) {
	if err := CheckJudged(&m); err != nil {
		return nil, err
	}
	file, err := store.Get(ctx, m.Object, model.MaxArtefactBytes)
	if errors.Is(err, ErrNoObject) {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err != nil {
		return nil, fmt.Errorf("load model %s %s: %w", m.Name, m.Version, err)
	}
	if hash := model.ArtefactHash(file); hash != m.ArtefactHash {
		return nil, fmt.Errorf("%w: %s has hash %s, %s was stated: push it again", ErrRefused, m.Object, hash, m.ArtefactHash)
	}
	a, err := model.DecodeArtefact(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if a.Window != m.Window || a.Target != m.Target || a.HorizonS != m.HorizonS {
		return nil, fmt.Errorf("%w: %s predicts %s from %s over %d s, stated was %s from %s over %d s: push it again",
			ErrRefused, m.Object, a.Target, a.Window, a.HorizonS, m.Target, m.Window, m.HorizonS)
	}
	if err := a.CheckSchema(m.FeatureSchema); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if schema := schemaOf[m.Window]; schema != "" {
		if err := a.CheckSchema(schema); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRefused, err)
		}
	}
	return a, nil
}
