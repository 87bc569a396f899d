package durable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// lease says which worker of a service reads a stream in order. It is a key of the
// bucket of cuts, which is only ever written on top of what its writer has seen: so
// whoever writes it holds it, and whoever held it before finds out at its next
// write. It does not run out; a standby takes it from a worker that shows no sign
// of life.
//
// The server's own way, the priority policy pinned, adds a header to every message,
// and delivers a third less for it.
type lease struct {
	kv     jetstream.KeyValue
	key    string
	worker string // who asks

	mu       sync.Mutex
	revision uint64    // of worker's last write; 0 while it does not hold it
	settled  settled   // what its next write says
	written  settled   // what its last write said
	renewed  time.Time // when that was
}

// settled is how far everything read by a durable is settled, as its reader knows.
// The zero value says nothing.
type settled struct {
	Floor   uint64    `json:"floor,omitempty"`
	Durable time.Time `json:"durable_created_at,omitzero"` // tells it from another of its name
}

// holder is what a lease says. Nobody holds it where Worker is "".
type holder struct {
	Worker string `json:"worker"`
	settled
}

// leaseSeen is a lease as it was at a revision, 0 where there is none yet.
type leaseSeen struct {
	revision uint64
	held     bool // by somebody else
	settled  settled
}

func openLease(ctx context.Context, js jetstream.JetStream, consumer streams.Consumer, worker string) (*lease, error) {
	kv, err := js.KeyValue(ctx, streams.BucketBlocks)
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", streams.BucketBlocks, err)
	}
	return &lease{kv: kv, key: consumer.LeaseKey(), worker: worker}, nil
}

// look reads the lease.
func (l *lease) look(ctx context.Context) (leaseSeen, error) {
	entry, err := l.kv.Get(ctx, l.key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return leaseSeen{}, nil
	}
	if err != nil {
		return leaseSeen{}, fmt.Errorf("read %s: %w", l.key, err)
	}
	var h holder
	if err := json.Unmarshal(entry.Value(), &h); err != nil {
		return leaseSeen{revision: entry.Revision()}, nil //nolint:nilerr // nobody's: somebody typed it
	}
	return leaseSeen{revision: entry.Revision(), held: h.Worker != "" && h.Worker != l.worker, settled: h.settled}, nil
}

// take takes the lease as it was seen. It returns false where somebody else was
// faster.
func (l *lease) take(ctx context.Context, seen leaseSeen) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = seen.settled
	err := l.write(ctx, l.worker, seen.revision)
	if err == nil {
		return true, nil
	}
	if errors.Is(err, errResync) {
		return false, nil
	}
	return false, fmt.Errorf("take %s: %w", l.key, err)
}

// settle makes the lease say, from its next write on, how far all is settled.
func (l *lease) settle(now settled) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = now
}

// known is what the lease says of how far all is settled.
func (l *lease) known() settled {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settled
}

// renew makes sure that the lease is still held. It returns errResync when it is
// not.
func (l *lease) renew(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.revision == 0 {
		return fmt.Errorf("%w: another worker is active", errResync)
	}
	if err := l.write(ctx, l.worker, l.revision); err != nil {
		return fmt.Errorf("renew %s: %w", l.key, err)
	}
	return nil
}

// held reports whether worker holds the lease for all it knows, and how long ago it
// made sure.
func (l *lease) held() (ok bool, ago time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.revision != 0, time.Since(l.renewed)
}

// news reports whether there is something to write that is not written.
func (l *lease) news() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settled != l.written
}

// release lets a standby take over at once.
func (l *lease) release(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.revision == 0 {
		return nil
	}
	err := l.write(ctx, "", l.revision)
	l.revision = 0
	if err != nil {
		return fmt.Errorf("release %s: %w", l.key, err)
	}
	return nil
}

// write writes the lease on top of a revision. It returns errResync, and the lease
// is not held any more, where the lease was written since.
func (l *lease) write(ctx context.Context, worker string, on uint64) error {
	value, err := json.Marshal(holder{Worker: worker, settled: l.settled})
	if err != nil {
		return fmt.Errorf("encode lease: %w", err)
	}
	asked := time.Now()
	var revision uint64
	if on == 0 {
		revision, err = l.kv.Create(ctx, l.key, value)
	} else {
		revision, err = l.kv.Update(ctx, l.key, value, on)
	}
	if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		l.revision = 0
		return fmt.Errorf("%w: another worker is active", errResync)
	}
	if err != nil {
		return err
	}
	l.revision, l.written, l.renewed = revision, l.settled, asked
	return nil
}
