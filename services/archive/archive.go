package archive

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"cashtag/streams"
	"cashtag/streams/durable"

	"golang.org/x/sync/errgroup"
)

// Service archives its streams, each with a reader of its own.
type Service struct {
	store   *Store
	readers []*durable.Blocks
}

// New returns a Service that is not running yet. It returns an error for a
// configuration that does not validate.
func New(ctx context.Context, cfg Config, client *streams.Client, gate durable.Gate, logger *slog.Logger) (*Service, error) {
	store, err := NewStore(ctx, cfg)
	if err != nil {
		return nil, err
	}
	s := &Service{store: store}
	for _, stream := range cfg.Streams {
		reader, err := durable.NewBlocks(client, store, gate, logger, cfg.blocks(stream))
		if err != nil {
			return nil, fmt.Errorf("archive: %w", err)
		}
		s.readers = append(s.readers, reader)
	}
	return s, nil
}

// Ensure returns once the bucket is there: see Store.Ensure. Call it before Run.
func (s *Service) Ensure(ctx context.Context) error { return s.store.Ensure(ctx) }

// Store is where the blocks are kept, to be read back.
func (s *Service) Store() *Store { return s.store }

// Readers are the readers of the streams, in the order of Config.Streams.
func (s *Service) Readers() []*durable.Blocks { return slices.Clone(s.readers) }

// Run archives until ctx ends, lets the blocks in hand be stored, and returns nil.
// It returns an error that matches durable.ErrFatal when one of the streams can
// never be archived here, such as when access is denied.
func (s *Service) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, reader := range s.readers {
		group.Go(func() error { return reader.Run(ctx) })
	}
	return group.Wait()
}
