package sentiment

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cashtag/streams"
	"cashtag/streams/durable"

	"golang.org/x/sync/errgroup"
)

// Choice is which scorers run: the setting scorer is one.
type Choice interface {
	// List is the names of the scorers now.
	List() []string
	// Changed returns a channel that is closed at the next change. Call it before
	// List so as not to miss one.
	Changed() <-chan struct{}
}

// Runner feeds posts to one scorer until ctx ends: durable.Runner is one.
type Runner interface {
	Run(ctx context.Context) error
}

// Opener makes the runner of one scorer, which takes more work only while gate is
// on. Late says that others ran before this one was chosen, so that it has no past
// to make up for: a durable that is not there yet begins at the end of the stream.
type Opener func(ctx context.Context, scorer string, gate durable.Gate, late bool) (Runner, error)

// ConsumerOf is the durable reader of the posts for one scorer. That of the default
// scorer has the name of the service.
func ConsumerOf(scorer string) streams.Consumer {
	consumer := streams.Consumer{Service: streams.ServiceSentiment, Stream: streams.Tweets}
	if scorer != DefaultScorer {
		consumer.Service += "-" + scorer
	}
	return consumer
}

// Service runs the scorers that are chosen, side by side, each on its own durable.
// One that is no longer chosen finishes the batch in hand and stops before the
// next; chosen again it goes on where it stopped. So a change loses no score of any
// scorer and doubles none.
type Service struct {
	choice Choice
	flag   durable.Gate
	open   Opener
	gates  map[string]*switchGate
}

// NewService returns a Service that is not running yet. All of its scorers stop
// while flag is off.
func NewService(choice Choice, flag durable.Gate, open Opener) *Service {
	s := &Service{choice: choice, flag: flag, open: open, gates: make(map[string]*switchGate)}
	for _, name := range ScorerNames() {
		s.gates[name] = &switchGate{changed: make(chan struct{})}
	}
	return s
}

// Chosen reports whether a scorer is to run, whatever the flag is.
func (s *Service) Chosen(scorer string) bool { return slices.Contains(s.choice.List(), scorer) }

// Run runs scorers until ctx ends, and returns nil once their work in hand is
// finished. It returns an error where a scorer cannot be opened or cannot go on.
func (s *Service) Run(ctx context.Context) error {
	group, running := errgroup.WithContext(ctx)
	started := make(map[string]bool)
	for late := false; ; late = true {
		chosen, flagged := s.choice.Changed(), s.flag.Changed()
		names := s.choice.List()
		for _, name := range ScorerNames() {
			s.gates[name].turn(s.flag.On() && slices.Contains(names, name))
		}
		for _, name := range names {
			if started[name] {
				continue
			}
			started[name] = true
			group.Go(func() error { return s.run(running, name, late) })
		}
		select {
		case <-chosen:
		case <-flagged:
		case <-running.Done():
			return group.Wait()
		}
	}
}

// run opens a scorer and feeds it.
func (s *Service) run(ctx context.Context, name string, late bool) error {
	gate, ok := s.gates[name]
	if !ok {
		return fmt.Errorf("scorer is %q: must be one of %s", name, strings.Join(ScorerNames(), ", "))
	}
	runner, err := s.open(ctx, name, gate, late)
	if err != nil && ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open scorer %s: %w", name, err)
	}
	return runner.Run(ctx)
}

// switchGate is on while its scorer is chosen and the flag of the service is on.
type switchGate struct {
	mu      sync.Mutex
	on      bool
	changed chan struct{}
}

var _ durable.Gate = (*switchGate)(nil)

// On implements durable.Gate.
func (g *switchGate) On() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.on
}

// Changed implements durable.Gate.
func (g *switchGate) Changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed
}

func (g *switchGate) turn(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.on == on {
		return
	}
	g.on = on
	close(g.changed)
	g.changed = make(chan struct{})
}
