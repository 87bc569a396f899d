package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
)

// ErrNoObject is returned by Objects.Get when there is no object of that name.
var ErrNoObject = errors.New("no such object")

// Objects keeps small objects of other services, such as models, in the archive's
// bucket. They stand beside the blocks: a name never begins with that of a stream.
type Objects struct {
	store *Store
}

// NewObjects returns the Objects of a store's bucket.
func NewObjects(store *Store) Objects { return Objects{store} }

// Put stores an object whole, in place of one of its name.
func (o Objects) Put(ctx context.Context, name string, data []byte) error {
	return o.store.put(ctx, o.store.cfg.Prefix+name, "application/octet-stream", data, sha256.Sum256(data))
}

// Get reads an object of at most limit bytes whole. It returns an error that wraps
// ErrNoObject where there is none.
func (o Objects) Get(ctx context.Context, name string, limit int64) ([]byte, error) {
	data, err := o.store.get(ctx, o.store.cfg.Prefix+name, limit)
	if errors.Is(err, errNotStored) {
		return nil, fmt.Errorf("get %s of bucket %s%s: %w", name, o.store.cfg.Bucket, o.store.where(), ErrNoObject)
	}
	return data, err
}
