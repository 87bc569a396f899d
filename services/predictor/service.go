package predictor

import (
	"context"
	"errors"
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

// New returns a Service that is not running yet.
func New(ledger Ledger, store ObjectStore, publisher Publisher, logger *slog.Logger, cfg Config) *Service {
	return &Service{
		cfg: cfg, ledger: ledger, store: store, logger: logger, sink: newSink(publisher, logger),
		registry: NewRegistry(), unsettled: make(map[string]bool), serving: make(map[string]served), told: make(map[string]bool),
	}
}

// Sink is what the runner feeds.
func (s *Service) Sink() *Sink { return s.sink }

// Run loads what is promoted, and only then lets runner read vectors: none is
// passed over because its model was not there yet. It follows promotions until ctx
// ends and returns nil once the work in hand is finished. At each tick MODELS is
// looked at for something new.
func (s *Service) Run(ctx context.Context, runner Runner, ticks <-chan time.Time) error {
	for !s.refresh(ctx) {
		select {
		case <-ticks:
		case <-ctx.Done():
			return nil
		}
	}
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return runner.Run(running) })
	group.Go(func() error {
		for {
			select {
			case <-ticks:
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
		if s.first(ctx, "ledger") {
			s.logger.WarnContext(ctx, "models cannot be read and are tried again", "error", err)
		}
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
			if artefact.Baseline == nil {
				s.logger.WarnContext(ctx, "model cannot be judged, its file has no baseline: train it again", "model", name, "version", m.Version)
			}
			return true
		case errors.Is(err, ErrRefused):
			if s.first(ctx, "refused "+name+" "+m.Version) {
				s.logger.WarnContext(ctx, "model refused, the last good one stays", "model", name, "version", m.Version, "error", err)
			}
		default:
			if s.first(ctx, "away "+name+" "+m.Version) {
				s.logger.WarnContext(ctx, "model cannot be loaded and is tried again", "model", name, "version", m.Version, "error", err)
			}
			return false
		}
	}
	if has {
		delete(s.serving, name)
		s.logger.InfoContext(ctx, "model predicts no more", "model", name, "version", now.stated.Version)
	}
	return true
}

// first reports whether something is to be logged for the first time.
func (s *Service) first(ctx context.Context, key string) bool {
	if s.told[key] || ctx.Err() != nil {
		return false
	}
	if len(s.told) >= maxTold {
		clear(s.told)
	}
	s.told[key] = true
	return true
}
