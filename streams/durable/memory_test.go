package durable_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"
)

// store is a far end in memory that takes each event once.
type store struct {
	mu  sync.Mutex
	ids []string
	has map[string]bool
	out bool
}

func newStore() *store { return &store{has: make(map[string]bool)} }

var errOut = errors.New("out of order")

// memorySink writes to a store.
type memorySink struct{ store *store }

var _ durable.Sink = memorySink{}

func (s memorySink) Write(_ context.Context, batch []durable.Message) []error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.store.out {
		return durable.All(len(batch), durable.Unavailable(errOut))
	}
	errs := make([]error, len(batch))
	for i, message := range batch {
		if len(message.Data) > 0 && message.Data[0] != '{' {
			errs[i] = durable.Poison(errors.New("no event"))
			continue
		}
		if !s.store.has[message.ID] {
			s.store.has[message.ID] = true
			s.store.ids = append(s.store.ids, message.ID)
		}
	}
	return errs
}

func (s *store) stored(*testing.T) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ids)
}

func (s *store) outage(_ *testing.T, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out = on
}

func open(*testing.T) sinktest.FarEnd {
	far := newStore()
	return sinktest.FarEnd{
		Sink:   memorySink{far},
		Reopen: func(*testing.T) durable.Sink { return memorySink{far} },
		Stored: far.stored,
		Outage: far.outage,
	}
}

// logSink appends what it is given, as a log that is written at least once does.
type logSink struct{ store *store }

func (s logSink) Write(_ context.Context, batch []durable.Message) []error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.store.out {
		return durable.All(len(batch), durable.Unavailable(errOut))
	}
	errs := make([]error, len(batch))
	for i, message := range batch {
		if len(message.Data) > 0 && message.Data[0] != '{' {
			errs[i] = durable.Poison(errors.New("no event"))
			continue
		}
		s.store.ids = append(s.store.ids, message.ID)
	}
	return errs
}

func openLog(*testing.T) sinktest.FarEnd {
	far := newStore()
	return sinktest.FarEnd{
		Sink:    logSink{far},
		Reopen:  func(*testing.T) durable.Sink { return logSink{far} },
		Stored:  far.stored,
		Ordered: true,
		Repeats: true,
		Outage:  far.outage,
	}
}

func TestUnorderedConsumer(t *testing.T) {
	t.Parallel()
	sinktest.Run(t, sinktest.Suite{
		Consumer: streams.Consumer{Service: "mongo", Stream: streams.Tweets},
		Open:     open,
		Poison:   []byte("no event at all"),
	})
}

func TestOrderedConsumer(t *testing.T) {
	t.Parallel()
	sinktest.Run(t, sinktest.Suite{
		Consumer: streams.Consumer{Service: "kinesis", Stream: streams.Tweets, Ordered: true},
		Open:     openLog,
		Poison:   []byte("no event at all"),
	})
}
