package flag

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// State is one flag as it stands.
type State struct {
	Known
	Value    string
	Explicit bool   // false where the value is the default
	Revision uint64 // of the bucket, when the value was set; 0 for never
}

// List is every flag as this process knows it, in the order of Table.
func (s *Set) List() []State {
	table := Table()
	list := make([]State, 0, len(table))
	for _, k := range table {
		state := s.values.Value(k.key()).Read()
		k.Default = state.Default
		list = append(list, State{Known: k, Value: state.Word, Explicit: state.Explicit, Revision: state.Revision})
	}
	return list
}

// Put sets a flag for every process. It returns ErrUnknownFlag or ErrBadValue,
// and sets nothing, where no process would take it.
func (s *Set) Put(ctx context.Context, name, value string) error {
	k, err := known(name)
	if err != nil {
		return err
	}
	word, err := k.word(value)
	if err != nil {
		return err
	}
	bucket, err := s.bucket(ctx)
	if err != nil {
		return err
	}
	if _, err := bucket.PutString(ctx, name, word); err != nil {
		return fmt.Errorf("put flag %s: %w", name, err)
	}
	return nil
}

// Reset deletes a flag's key, so that its default holds.
func (s *Set) Reset(ctx context.Context, name string) error {
	if _, err := known(name); err != nil {
		return err
	}
	bucket, err := s.bucket(ctx)
	if err != nil {
		return err
	}
	if err := bucket.Delete(ctx, name); err != nil {
		return fmt.Errorf("reset flag %s: %w", name, err)
	}
	return nil
}

// Change is one entry of a flag's history.
type Change struct {
	Revision uint64
	At       time.Time
	Stored   string // as it was typed; "" where the key was deleted
	Deleted  bool
	Value    string // the word it set; "" where it was deleted or not allowed
}

// History is what was stored for a flag, the oldest first, at most 64 entries.
func (s *Set) History(ctx context.Context, name string) ([]Change, error) {
	k, err := known(name)
	if err != nil {
		return nil, err
	}
	bucket, err := s.bucket(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := bucket.History(ctx, name)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("history of flag %s: %w", name, err)
	}
	changes := make([]Change, 0, len(entries))
	for _, entry := range entries {
		change := Change{Revision: entry.Revision(), At: entry.Created(), Stored: string(entry.Value())}
		change.Deleted = entry.Operation() != jetstream.KeyValuePut
		if !change.Deleted {
			change.Value, _ = k.word(change.Stored) // what is not allowed made nothing of it
		}
		changes = append(changes, change)
	}
	return changes, nil
}

func (s *Set) bucket(ctx context.Context) (jetstream.KeyValue, error) {
	bucket, err := s.client.JS.KeyValue(ctx, streams.BucketFlags)
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", streams.BucketFlags, err)
	}
	return bucket, nil
}
