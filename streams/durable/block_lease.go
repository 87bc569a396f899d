package durable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// lease says which worker archives a stream. It is a key of the bucket of cuts,
// which is only ever written on top of what its writer has seen: so whoever writes
// it holds it, and whoever held it before finds out at its next write. It does not
// run out; a standby takes it from a worker that shows no sign of life.
//
// The server's own way, the priority policy pinned, adds a header to every message,
// and delivers a third less for it.
type lease struct {
	kv       jetstream.KeyValue
	key      string
	worker   string // who asks
	value    []byte // what the lease says while worker holds it
	revision uint64 // of worker's last write; 0 while it does not hold it
}

// holder is what a lease says: "" for nobody.
type holder struct {
	Worker string `json:"worker"`
}

func openLease(ctx context.Context, js jetstream.JetStream, stream, worker string) (*lease, error) {
	kv, err := js.KeyValue(ctx, streams.BucketBlocks)
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", streams.BucketBlocks, err)
	}
	value, err := json.Marshal(holder{Worker: worker})
	if err != nil {
		return nil, fmt.Errorf("encode lease: %w", err)
	}
	return &lease{kv: kv, key: "lease." + stream, worker: worker, value: value}, nil
}

// look returns the lease's revision, 0 where there is none yet, and whether anybody
// else holds it.
func (l *lease) look(ctx context.Context) (revision uint64, held bool, err error) {
	entry, err := l.kv.Get(ctx, l.key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read %s: %w", l.key, err)
	}
	var h holder
	if err := json.Unmarshal(entry.Value(), &h); err != nil {
		return entry.Revision(), false, nil //nolint:nilerr // nobody's: somebody typed it
	}
	return entry.Revision(), h.Worker != "" && h.Worker != l.worker, nil
}

// take takes the lease as it was at a revision. It returns false where somebody
// else was faster.
func (l *lease) take(ctx context.Context, revision uint64) (bool, error) {
	var err error
	if revision == 0 {
		l.revision, err = l.kv.Create(ctx, l.key, l.value)
	} else {
		l.revision, err = l.kv.Update(ctx, l.key, l.value, revision)
	}
	if err == nil {
		return true, nil
	}
	l.revision = 0
	if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return false, nil
	}
	return false, fmt.Errorf("take %s: %w", l.key, err)
}

// renew makes sure that the lease is still held. It returns errResync when it is
// not.
func (l *lease) renew(ctx context.Context) error {
	revision, err := l.kv.Update(ctx, l.key, l.value, l.revision)
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return fmt.Errorf("%w: another worker is active", errResync)
	}
	if err != nil {
		return fmt.Errorf("renew %s: %w", l.key, err)
	}
	l.revision = revision
	return nil
}

// release lets a standby take over at once.
func (l *lease) release(ctx context.Context) error {
	if l.revision == 0 {
		return nil
	}
	value, err := json.Marshal(holder{})
	if err != nil {
		return fmt.Errorf("encode lease: %w", err)
	}
	if _, err := l.kv.Update(ctx, l.key, value, l.revision); err != nil {
		return fmt.Errorf("release %s: %w", l.key, err)
	}
	l.revision = 0
	return nil
}
