package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cashtag/schemas"
	"cashtag/services/analysis/retrain"
	"cashtag/services/predictor"
	"cashtag/streams"
)

// modelShelf is the registry as those who train see it: what MODELS says, and files in
// the archive's bucket.
type modelShelf struct {
	ledger    predictor.Ledger
	store     predictor.ObjectStore
	publisher predictor.Publisher
}

var _ retrain.Models = modelShelf{}

// registry reads what MODELS says now.
func (m modelShelf) registry(ctx context.Context) (*predictor.Registry, error) {
	registry := predictor.NewRegistry()
	_, err := m.ledger(ctx, 0, func(_ uint64, data []byte) {
		if event, err := schemas.Decode(data); err == nil {
			registry.Apply(event) // what is no model is no version either
		}
	})
	return registry, err
}

// find returns a version of a name.
func (m modelShelf) find(ctx context.Context, name, version string) (predictor.Version, bool, error) {
	registry, err := m.registry(ctx)
	if err != nil {
		return predictor.Version{}, false, err
	}
	versions := registry.Versions(name)
	at := slices.IndexFunc(versions, func(v predictor.Version) bool { return v.Model.Version == version })
	if at < 0 {
		return predictor.Version{}, false, nil
	}
	return versions[at], true, nil
}

// Push implements retrain.Models.
func (m modelShelf) Push(ctx context.Context, name string, file []byte, s retrain.Statement) (string, bool, error) {
	trained, err := predictor.Trained(name, file, s.By, s.At)
	if err != nil {
		return "", false, fmt.Errorf("%w: %w", retrain.ErrRefused, err)
	}
	known, ok, err := m.find(ctx, name, trained.Version)
	if err != nil {
		return "", false, err
	}
	if ok && known.Model.ArtefactHash == trained.ArtefactHash {
		return trained.Version, true, m.store.Put(ctx, trained.Object, file)
	}
	return trained.Version, false, predictor.Push(ctx, m.store, m.stating(s), trained, file)
}

// Promoted implements retrain.Models.
func (m modelShelf) Promoted(ctx context.Context, name string) (retrain.Served, error) {
	registry, err := m.registry(ctx)
	if err != nil {
		return retrain.Served{}, err
	}
	version, ok := registry.Promoted(name)
	if !ok {
		return retrain.Served{}, nil
	}
	served := retrain.Served{Version: version.Model.Version}
	served.Artefact, err = predictor.Load(ctx, m.store, version.Model, nil)
	if errors.Is(err, predictor.ErrRefused) {
		served.Refused = err
		return served, nil
	}
	return served, err
}

// Promote implements retrain.Models.
func (m modelShelf) Promote(ctx context.Context, name, version string, s retrain.Statement) error {
	known, ok, err := m.find(ctx, name, version)
	if err == nil && !ok {
		err = fmt.Errorf("promote model %s: %s says nothing of version %s", name, streams.Models, version)
	}
	if err != nil {
		return err
	}
	return m.stating(s).Publish(ctx, predictor.Stated(known.Model, schemas.VerbPromoted, s.By, s.At))
}

// stating publishes what is stated of a model, synthetic where its events were.
func (m modelShelf) stating(s retrain.Statement) predictor.Publisher {
	if s.Demo {
		return demoStatements{m.publisher}
	}
	return m.publisher
}

// demoStatements marks events as synthetic.
type demoStatements struct{ predictor.Publisher }

// Publish implements predictor.Publisher.
func (d demoStatements) Publish(ctx context.Context, events ...schemas.Event) error {
	marked := slices.Clone(events)
	for i := range marked {
		marked[i].ID, marked[i].Source = schemas.DemoPrefix+marked[i].ID, schemas.SourceDemoModels
	}
	return d.Publisher.Publish(ctx, marked...)
}
