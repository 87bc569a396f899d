package predictor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"cashtag/internal/calendar"
	"cashtag/internal/model"
	"cashtag/internal/window"
	"cashtag/schemas"
	"cashtag/streams/durable"
)

// Publisher stores events. It returns nil once all are stored. An error that wraps
// a *schemas.FieldError means that it refused one of them and that none is stored.
type Publisher interface {
	Publish(ctx context.Context, events ...schemas.Event) error
}

// served is a model that predicts.
type served struct {
	stated   schemas.Model
	artefact *model.Artefact
}

// Sink predicts from feature vectors and publishes the predictions. See the package
// for what it guarantees.
type Sink struct {
	publisher Publisher
	logger    *slog.Logger
	market    *calendar.Calendar
	models    atomic.Pointer[[]served] // taken once a batch, so that a batch is of one choice

	mu   sync.Mutex
	told map[string]bool // what was logged of vectors that a model is not for
}

var _ durable.Sink = (*Sink)(nil)

// maxTold bounds what is remembered of what was logged.
const maxTold = 256

func newSink(publisher Publisher, logger *slog.Logger) *Sink {
	s := &Sink{publisher: publisher, logger: logger, market: calendar.XNYS(), told: make(map[string]bool)}
	s.models.Store(new([]served))
	return s
}

// Write implements durable.Sink. The predictions of the whole batch are published
// by one call.
func (s *Sink) Write(ctx context.Context, batch []durable.Message) []error {
	models := *s.models.Load()
	errs := make([]error, len(batch))
	var all []schemas.Event
	var owners []int
	for i, message := range batch {
		events, err := s.predict(ctx, models, message.Data)
		if err != nil {
			errs[i] = durable.Poison(err)
			continue
		}
		for _, event := range events {
			all, owners = append(all, event), append(owners, i)
		}
	}
	if len(all) == 0 {
		return none(errs)
	}
	err := s.publisher.Publish(ctx, all...)
	if refused(err) {
		s.singly(ctx, all, owners, errs)
		return none(errs)
	}
	if err != nil {
		for _, i := range owners {
			errs[i] = durable.Unavailable(err)
		}
	}
	return none(errs)
}

// singly publishes message by message, where the publisher refuses an event and
// does not say of which.
func (s *Sink) singly(ctx context.Context, all []schemas.Event, owners []int, errs []error) {
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && owners[to] == owners[from] {
			to++
		}
		err := s.publisher.Publish(ctx, all[from:to]...)
		switch {
		case refused(err):
			errs[owners[from]] = durable.Poison(err)
		case err != nil:
			errs[owners[from]] = durable.Unavailable(err)
		}
		from = to
	}
}

func refused(err error) bool {
	var field *schemas.FieldError
	return errors.As(err, &field)
}

// none is nil where no message failed.
func none(errs []error) []error {
	for _, err := range errs {
		if err != nil {
			return errs
		}
	}
	return nil
}

// predict makes the predictions of one vector, in the order of the models. A vector
// that no model is for has none.
func (s *Sink) predict(ctx context.Context, models []served, data []byte) ([]schemas.Event, error) {
	event, err := schemas.Decode(data)
	if err != nil {
		return nil, err
	}
	feature, ok := event.Data.(*schemas.Feature)
	if !ok {
		return nil, fmt.Errorf("an event of type %q is no feature vector", event.Type)
	}
	if err := event.Validate(); err != nil {
		return nil, err
	}
	if !predicts(s.market, feature.Window, feature.EndAt) {
		return nil, nil
	}
	var events []schemas.Event
	for i := range models {
		m := &models[i]
		if m.stated.Window != feature.Window {
			continue
		}
		vector, err := m.vector(feature)
		if err != nil {
			s.tellOnce(ctx, m, feature, err)
			continue
		}
		made, err := m.prediction(event, feature, vector, s.market)
		if err != nil {
			return nil, err
		}
		if err := made.Validate(); err != nil {
			return nil, err
		}
		events = append(events, made)
	}
	return events, nil
}

// tellOnce logs why a model does not predict from vectors of a schema.
func (s *Sink) tellOnce(ctx context.Context, m *served, feature *schemas.Feature, err error) {
	key := m.stated.Name + " " + m.stated.Version + " " + feature.Schema
	s.mu.Lock()
	told := s.told[key]
	if len(s.told) >= maxTold {
		clear(s.told)
	}
	s.told[key] = true
	s.mu.Unlock()
	if !told {
		s.logger.WarnContext(ctx, "model cannot read the vectors", "model", m.stated.Name, "version", m.stated.Version,
			"window", feature.Window, "error", err)
	}
}

// vector is what the model reads of a feature vector.
func (m *served) vector(feature *schemas.Feature) ([]float64, error) {
	if err := m.artefact.CheckSchema(feature.Schema); err != nil {
		return nil, err
	}
	vector := make([]float64, len(m.artefact.Columns))
	for i, name := range m.artefact.Columns {
		value, ok := feature.Value(name)
		if !ok {
			return nil, fmt.Errorf("%w: the vectors have no %s", model.ErrSchema, name)
		}
		vector[i] = value
	}
	return vector, nil
}

// prediction is the event of what the model says of a vector, rounded to millionths.
func (m *served) prediction(
	event schemas.Event, feature *schemas.Feature, vector []float64, market *calendar.Calendar,
) (schemas.Event, error) {
	value, err := m.artefact.Predict(vector)
	if err != nil {
		return schemas.Event{}, err
	}
	value = window.Round(value)
	data := &schemas.Prediction{
		Model: m.stated.Name, Version: m.stated.Version, Target: m.stated.Target,
		Ticker: feature.Ticker, Window: feature.Window, PredictedAt: feature.EndAt, HorizonS: m.stated.HorizonS,
		DueAt:     dueAt(market, feature.Window, feature.EndAt, time.Duration(m.stated.HorizonS)*time.Second),
		Bins:      m.artefact.Bins(vector),
		FeatureID: event.ID, Revision: feature.Revision,
	}
	if m.artefact.Baseline != nil {
		baseline := window.Round(*m.artefact.Baseline)
		data.Baseline = &baseline
	}
	if m.artefact.Kind == model.KindRidge {
		data.Value = &value
	} else {
		data.Probability = &value
	}
	id, source := schemas.PredictionID(data), schemas.ServiceSource("predictor")
	if schemas.IsDemo(event.Source) {
		id, source = schemas.DemoPrefix+id, schemas.SourceDemoPredictor
	}
	return schemas.New(id, source, data.Ticker, data.PredictedAt, data), nil
}
