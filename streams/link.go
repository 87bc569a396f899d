package streams

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// link ends attempts as soon as the connection they were made on is lost: no
// answer will come on the next one, so there is nothing to wait for.
type link struct {
	conn   *nats.Conn
	status chan nats.Status

	mu       sync.Mutex
	last     uint64
	attempts map[uint64]context.CancelCauseFunc
}

func newLink(conn *nats.Conn) *link {
	l := &link{
		conn:     conn,
		status:   conn.StatusChanged(nats.RECONNECTING, nats.CLOSED),
		attempts: map[uint64]context.CancelCauseFunc{},
	}
	go l.run()
	return l
}

func (l *link) run() {
	for range l.status {
		l.mu.Lock()
		for _, cancel := range l.attempts {
			cancel(nats.ErrDisconnected)
		}
		l.mu.Unlock()
	}
}

func (l *link) close() { l.conn.RemoveStatusListener(l.status) }

// attempt calls publish once, within timeout and only on a connection that is up.
// What is published while it is down would be kept in the connection's buffer and
// sent long after it was given up.
func (l *link) attempt(ctx context.Context, timeout time.Duration, publish func(context.Context) error) error {
	if err := l.up(ctx); err != nil {
		return err
	}
	ctx, expire := context.WithTimeout(ctx, timeout)
	defer expire()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l.mu.Lock()
	l.last++
	id := l.last
	l.attempts[id] = cancel
	l.mu.Unlock()
	err := publish(ctx)
	l.mu.Lock()
	delete(l.attempts, id)
	l.mu.Unlock()
	if errors.Is(err, context.Canceled) {
		return context.Cause(ctx)
	}
	return err
}

func (l *link) up(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case l.conn.IsClosed():
		return nats.ErrConnectionClosed
	case !l.conn.IsConnected():
		return nats.ErrConnectionReconnecting
	}
	return nil
}
