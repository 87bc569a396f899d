package flag

import (
	"context"
	"log/slog"

	"cashtag/streams"
	"cashtag/streams/bucket"
)

// Set is every flag of a process, kept up to date by one watcher of the bucket.
type Set struct {
	client *streams.Client
	values *bucket.Set
}

// Open reads the flags and keeps watching them until ctx ends or Close. A nil
// logger discards.
func Open(ctx context.Context, client *streams.Client, logger *slog.Logger) (*Set, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	table := Table()
	keys := make([]bucket.Key, len(table))
	for i, k := range table {
		keys[i] = k.key()
	}
	values, err := bucket.Open(ctx, client, streams.BucketFlags, journal{logger}, keys...)
	if err != nil {
		return nil, err
	}
	return &Set{client: client, values: values}, nil
}

// Close stops watching. Every flag stays as it is.
func (s *Set) Close() { s.values.Close() }

// Gate is the flag of the named service. Where nobody set it, it is as on says. A
// name that is not in the table is an on-off flag of this process.
func (s *Set) Gate(name string, on bool) *Gate {
	fallback := Off
	if on {
		fallback = On
	}
	value := s.values.Value(onOff(name, "").key())
	value.SetDefault(fallback)
	return &Gate{value: value}
}

// Choice is the named flag of the table, with the table's default.
func (s *Set) Choice(name string) (*Choice, error) {
	k, err := known(name)
	if err != nil {
		return nil, err
	}
	return &Choice{value: s.values.Value(k.key())}, nil
}
