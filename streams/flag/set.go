package flag

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"cashtag/streams"
)

// Set is every flag of a process, kept up to date by one watcher of the bucket.
type Set struct {
	client *streams.Client
	log    *slog.Logger
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	states map[string]*state
}

// Open reads the flags and keeps watching them until ctx ends or Close. A nil
// logger discards.
func Open(ctx context.Context, client *streams.Client, logger *slog.Logger) (*Set, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	s := &Set{client: client, log: logger, done: make(chan struct{}), states: map[string]*state{}}
	for _, k := range Table() {
		s.states[k.Name] = newState(k)
	}
	ctx, s.cancel = context.WithCancel(ctx)
	w := &watch{set: s}
	session, err := w.open(ctx)
	if err != nil {
		s.cancel()
		return nil, fmt.Errorf("open flags: %w", err)
	}
	go func() {
		defer close(s.done)
		w.run(ctx, session)
	}()
	return s, nil
}

// Close stops watching. Every flag stays as it is.
func (s *Set) Close() {
	s.cancel()
	<-s.done
}

// Gate is the flag of the named service. Where nobody set it, it is as on says.
func (s *Set) Gate(name string, on bool) *Gate {
	fallback := Off
	if on {
		fallback = On
	}
	st := s.state(name)
	st.setDefault(fallback)
	return &Gate{state: st}
}

// Choice is the named flag of the table, with the table's default.
func (s *Set) Choice(name string) (*Choice, error) {
	if _, err := known(name); err != nil {
		return nil, err
	}
	return &Choice{state: s.state(name)}, nil
}

// state is the flag's; a name that is not in the table is an on-off flag of this
// process.
func (s *Set) state(name string) *state {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, ok := s.states[name]
	if !ok {
		st = newState(onOff(name, ""))
		s.states[name] = st
	}
	return st
}

func (s *Set) find(name string) (*state, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, ok := s.states[name]
	return st, ok
}

// all is every flag, in the order of their names.
func (s *Set) all() []*state {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*state, 0, len(s.states))
	for _, st := range s.states {
		all = append(all, st)
	}
	slices.SortFunc(all, func(a, b *state) int { return strings.Compare(a.known.Name, b.known.Name) })
	return all
}
