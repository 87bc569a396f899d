package bucket

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cashtag/streams"
)

// Journal is told what happens to the values of a Set, in order.
type Journal interface {
	// Found is told of a value that was set before the process started.
	Found(ctx context.Context, value *Value, word string, revision uint64)
	// Changed is told of every change after that.
	Changed(ctx context.Context, value *Value, before, after string, revision uint64)
	// Refused is told of a stored value that is not allowed, as Parse says.
	Refused(ctx context.Context, value *Value, stored string, err error, revision uint64)
	// Unknown is told of a key that is none of the Set's.
	Unknown(ctx context.Context, key, stored string, revision uint64)
	// Waiting is told that the bucket cannot be read, and is tried again.
	Waiting(ctx context.Context, err error)
}

// Set is the values of one bucket, kept up to date by one watcher of it.
type Set struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	values map[string]*Value
}

// Open reads the bucket and keeps watching it until ctx ends or Close.
func Open(ctx context.Context, client *streams.Client, name string, journal Journal, keys ...Key) (*Set, error) {
	s := &Set{done: make(chan struct{}), values: make(map[string]*Value, len(keys))}
	for _, key := range keys {
		s.values[key.Name] = NewValue(key)
	}
	ctx, s.cancel = context.WithCancel(ctx)
	w := &watch{set: s, client: client, bucket: name, journal: journal}
	session, err := w.open(ctx)
	if err != nil {
		s.cancel()
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	go func() {
		defer close(s.done)
		w.run(ctx, session)
	}()
	return s, nil
}

// Close stops watching. Every value stays as it is.
func (s *Set) Close() {
	s.cancel()
	<-s.done
}

// Value is the one of the key's name, or a new one of that key, which is not read
// from the bucket until somebody sets it.
func (s *Set) Value(key Key) *Value {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.values[key.Name]
	if !ok {
		v = NewValue(key)
		s.values[key.Name] = v
	}
	return v
}

// Find is the value of a name.
func (s *Set) Find(name string) (*Value, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.values[name]
	return v, ok
}

// all is every value, in the order of their names.
func (s *Set) all() []*Value {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Value, 0, len(s.values))
	for _, v := range s.values {
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b *Value) int { return strings.Compare(a.key.Name, b.key.Name) })
	return all
}
