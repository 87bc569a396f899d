package predictor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"cashtag/schemas"

	"golang.org/x/sync/errgroup"
)

// Ledger reads the stream MODELS: it calls each, in order, with what the stream
// holds after a sequence, and returns the sequence of its last message. One below
// after says that the stream was made anew.
type Ledger func(ctx context.Context, after uint64, each func(sequence uint64, data []byte)) (last uint64, err error)

// Runner feeds vectors to the Sink until ctx ends: durable.Runner is one.
type Runner interface {
	Run(ctx context.Context) error
}

// Service follows the promotions and keeps the models of its Sink as they say.
type Service struct {
	cfg    Config
	ledger Ledger
	store  ObjectStore
	logger *slog.Logger
	sink   *Sink

	registry  *Registry
	read      uint64
	unsettled map[string]bool   // names whose promotion is not carried out yet
	serving   map[string]served // by name
	told      map[string]bool   // versions whose failure was logged
}

// New returns a Service that is not running yet. It returns an error for a
// configuration that does not validate.
func New(ledger Ledger, store ObjectStore, publisher Publisher, logger *slog.Logger, cfg Config) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("predictor: %w", err)
	}
	return &Service{
		cfg: cfg, ledger: ledger, store: store, logger: logger, sink: newSink(publisher, logger),
		registry: NewRegistry(), unsettled: make(map[string]bool), serving: make(map[string]served), told: make(map[string]bool),
	}, nil
}

// Sink is what the runner feeds.
func (s *Service) Sink() *Sink { return s.sink }

// Run loads what is promoted, and only then lets runner read vectors: none is
// passed over because its model was not there yet. It follows promotions until ctx
// ends and returns nil once the work in hand is finished.
func (s *Service) Run(ctx context.Context, runner Runner) error {
	ticker := time.NewTicker(s.cfg.Poll)
	defer ticker.Stop()
	for !s.refresh(ctx) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return runner.Run(running) })
	group.Go(func() error {
		for {
			select {
			case <-ticker.C:
				s.refresh(running)
			case <-running.Done():
				return nil
			}
		}
	})
	return group.Wait()
}

// refresh reads what is new in MODELS and carries it out. It reports whether
// everything that is promoted is served or refused.
func (s *Service) refresh(ctx context.Context) bool {
	last, err := s.ledger(ctx, s.read, s.apply)
	if err != nil {
		s.tellOnce(ctx, "ledger", "models cannot be read and are tried again", "error", err)
		return false
	}
	delete(s.told, "ledger")
	if last < s.read { // the stream was made anew
		for name := range s.serving {
			s.unsettled[name] = true
		}
		s.registry, s.read = NewRegistry(), 0
		return s.refresh(ctx)
	}
	s.read = last
	if len(s.unsettled) == 0 {
		return true
	}
	for _, name := range slices.Sorted(maps.Keys(s.unsettled)) {
		if s.settle(ctx, name) {
			delete(s.unsettled, name)
		}
	}
	models := make([]served, 0, len(s.serving))
	for _, name := range slices.Sorted(maps.Keys(s.serving)) {
		models = append(models, s.serving[name])
	}
	s.sink.models.Store(&models)
	return len(s.unsettled) == 0
}

func (s *Service) apply(_ uint64, data []byte) {
	event, err := schemas.Decode(data)
	if err != nil {
		return // not a model: nothing to serve
	}
	m, ok := event.Data.(*schemas.Model)
	if !ok || s.registry.Apply(event) == "" {
		return
	}
	if m.Verb == schemas.VerbPromoted || m.Verb == schemas.VerbRetired {
		s.unsettled[m.Name] = true
	}
}

// settle loads the newest promotion of a name that can be served. It reports false
// where the store has to be asked again; until then what was served is.
func (s *Service) settle(ctx context.Context, name string) bool {
	now, has := s.serving[name]
	for _, m := range s.registry.promotions(name) {
		if has && now.stated.Version == m.Version && now.stated.ArtefactHash == m.ArtefactHash {
			return true
		}
		artefact, err := Load(ctx, s.store, m, s.cfg.Schemas)
		switch {
		case err == nil:
			s.serving[name] = served{stated: m, artefact: artefact}
			s.logger.InfoContext(ctx, "model predicts", "model", name, "version", m.Version, "promoted_by", m.By)
			return true
		case errors.Is(err, ErrRefused):
			s.tellOnce(ctx, "refused "+name+" "+m.Version, "model refused, the last good one stays", "model", name, "version", m.Version, "error", err)
		default:
			s.tellOnce(ctx, "away "+name+" "+m.Version, "model cannot be loaded and is tried again", "model", name, "version", m.Version, "error", err)
			return false
		}
	}
	if has {
		delete(s.serving, name)
		s.logger.InfoContext(ctx, "model predicts no more", "model", name, "version", now.stated.Version)
	}
	return true
}

// tellOnce logs a warning the first time.
func (s *Service) tellOnce(ctx context.Context, key, message string, attributes ...any) {
	if s.told[key] || ctx.Err() != nil {
		return
	}
	if len(s.told) >= maxTold {
		clear(s.told)
	}
	s.told[key] = true
	s.logger.WarnContext(ctx, message, attributes...)
}
