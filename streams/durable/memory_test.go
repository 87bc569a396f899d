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

// store is a far end in memory.
type store struct {
	mu  sync.Mutex
	ids []string
	has map[string]bool
	out bool
}

func newStore() *store { return &store{has: make(map[string]bool)} }

var errOut = errors.New("out of order")

// write stores a batch, and an event that it has again only where twice is set.
func (s *store) write(batch []durable.Message, twice bool) []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out {
		return durable.All(len(batch), durable.Unavailable(errOut))
	}
	errs := make([]error, len(batch))
	for i, message := range batch {
		switch {
		case len(message.Data) > 0 && message.Data[0] != '{':
			errs[i] = durable.Poison(errors.New("no event"))
		case twice || !s.has[message.ID]:
			s.has[message.ID] = true
			s.ids = append(s.ids, message.ID)
		}
	}
	return errs
}

// memorySink stores each event once.
type memorySink struct{ store *store }

var _ durable.Sink = memorySink{}

func (s memorySink) Write(_ context.Context, batch []durable.Message) []error {
	return s.store.write(batch, false)
}

// logSink appends what it is given, as a log that is written at least once does.
type logSink struct{ store *store }

func (s logSink) Write(_ context.Context, batch []durable.Message) []error {
	return s.store.write(batch, true)
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
