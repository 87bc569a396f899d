package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
	"cashtag/streams"
)

// Extended hours are counted from the regular opening at 09:30 New York time: no
// clock is changed on a trading day.
const (
	extendedBefore = 5*time.Hour + 30*time.Minute  // from 04:00
	extendedAfter  = 10*time.Hour + 30*time.Minute // to 20:00
)

// Market is what the stream MARKET says of the session and the time, kept up to
// date by one reader. It is a Gate that is on while the session is open. A halt
// leaves it on: what people say about it is worth having.
type Market struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu       sync.Mutex
	open     bool
	session  uint64 // the sequence that says so; 0 where only the clock did
	now      time.Time
	ticked   uint64 // the sequence of now
	extended bool
	seen     uint64
	changed  chan struct{} // closed when open or extended changes
	moved    chan struct{} // closed when seen moves
}

// FollowMarket reads where the market stands, the last event of each kind, and
// follows it until ctx ends or Close. The reader is a consumer of the given name,
// which one process may hold at a time: a service gives its own. Where the stream
// holds nothing yet, the market is closed.
func FollowMarket(ctx context.Context, client *streams.Client, name string, logger *slog.Logger) (*Market, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	m := &Market{done: make(chan struct{}), changed: make(chan struct{}), moved: make(chan struct{})}
	f := &follower{js: client.JS, name: name, logger: logger, market: m}
	ctx, m.cancel = context.WithCancel(ctx)
	consumer, err := f.open(ctx)
	if err != nil {
		m.cancel()
		return nil, fmt.Errorf("follow the market as %s: %w", name, err)
	}
	go func() {
		defer close(m.done)
		f.run(ctx, consumer)
	}()
	return m, nil
}

// Close stops following. The market stays as it is.
func (m *Market) Close() {
	m.cancel()
	<-m.done
}

// On implements Gate: it reports whether the session is open.
func (m *Market) On() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.open
}

// Extended reports whether the session is open or the market's clock stands within
// the extended hours of a trading day.
func (m *Market) Extended() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.open || m.extended
}

// Now is the time that the market's clock showed last, zero where it never did.
func (m *Market) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Changed returns a channel that is closed at the next change of On or Extended.
func (m *Market) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

// Seen is the sequence in the stream up to which On and Extended follow.
func (m *Market) Seen() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen
}

// Wait returns nil once Seen is at least sequence, or the cause of the end of ctx.
func (m *Market) Wait(ctx context.Context, sequence uint64) error {
	for {
		m.mu.Lock()
		seen, moved := m.seen, m.moved
		m.mu.Unlock()
		if seen >= sequence {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// apply takes one event in. Events may come again, and out of order.
func (m *Market) apply(sequence uint64, event schemas.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	open, extended := m.open, m.extended
	switch data := event.Data.(type) {
	case *schemas.Session:
		if sequence > m.session {
			m.session = sequence
			m.open = data.State != schemas.SessionClosed && data.State != schemas.SessionEarlyClose
		}
	case *schemas.Clock:
		if sequence > m.ticked {
			m.ticked, m.now, m.extended = sequence, event.Time, extendedAt(event.Time)
			if m.session == 0 { // a clock alone says it, too
				m.open = data.Open
			}
		}
	}
	if m.open != open || m.extended != extended {
		close(m.changed)
		m.changed = make(chan struct{})
	}
	if sequence > m.seen {
		m.seen = sequence
		close(m.moved)
		m.moved = make(chan struct{})
	}
}

func extendedAt(t time.Time) bool {
	exchange := calendar.XNYS()
	session, trading := exchange.Session(exchange.Day(t))
	return trading && !t.Before(session.Open.Add(-extendedBefore)) && t.Before(session.Open.Add(extendedAfter))
}
