package main

import (
	"context"
	"errors"
	"slices"

	"cashtag/services/archive"
	"cashtag/services/kinesis"
	"cashtag/services/mongo"
	"cashtag/streams"
	"cashtag/streams/durable"

	"golang.org/x/sync/errgroup"
)

// consumersOf lists the consumers of one service.
func (p *platform) consumersOf(service string) []streams.Consumer {
	var consumers []streams.Consumer
	for _, consumer := range streams.Consumers() {
		if consumer.Service == service && (p.only == nil || slices.Contains(p.only, consumer.Stream)) {
			consumers = append(consumers, consumer)
		}
	}
	return consumers
}

// read gives a service one engine for each of its consumers.
func (p *platform) read(s *service, sink func(stream string) (durable.Sink, error), tune func(*durable.Config)) error {
	var runners []*durable.Runner
	for _, consumer := range p.consumersOf(s.name) {
		far, err := sink(consumer.Stream)
		if err != nil {
			return err
		}
		cfg := durable.DefaultConfig(consumer)
		cfg.Alone = p.alone
		tune(&cfg)
		runner, err := durable.New(s.client, s.publisher, far, s.gate, s.logger, cfg)
		if err != nil {
			return err
		}
		runners = append(runners, runner)
		s.readers = append(s.readers, reader{consumer: runner.Consumer(), activity: runner.Stats})
	}
	s.run = func(ctx context.Context) error {
		group, ctx := errgroup.WithContext(ctx)
		for _, runner := range runners {
			group.Go(func() error { return runner.Run(ctx) })
		}
		return group.Wait()
	}
	return nil
}

// buildKinesis mirrors to Kinesis. Against Amazon's own service its flag starts
// off, since it costs money.
func (p *platform) buildKinesis(ctx context.Context, s *service, cfg kinesis.Config) error {
	s.gate = p.flags.Gate(s.name, cfg.Endpoint != "")
	api, err := kinesis.NewClient(ctx, cfg)
	if err != nil {
		return err
	}
	return p.read(s, func(stream string) (durable.Sink, error) {
		sink, err := kinesis.New(api, cfg, stream, s.logger)
		if err != nil {
			return nil, err
		}
		if s.gate.On() {
			if err := sink.Ensure(ctx); err != nil {
				return nil, err
			}
		}
		return sink, nil
	}, func(cfg *durable.Config) { cfg.MaxBatch = 1000 })
}

func (p *platform) buildMongo(ctx context.Context, s *service, cfg mongo.Config) error {
	s.gate = p.flags.Gate(s.name, true)
	store, err := mongo.Open(cfg, s.logger)
	if err != nil {
		return err
	}
	s.close = func(ctx context.Context) { _ = store.Close(ctx) } // nothing is written any more
	return p.read(s, func(stream string) (durable.Sink, error) {
		sink := store.Sink(stream)
		return sink, sink.Ensure(ctx)
	}, func(cfg *durable.Config) { cfg.MaxBatch = 500 })
}

func (p *platform) buildArchive(ctx context.Context, s *service, cfg archive.Config) error {
	s.gate = p.flags.Gate(s.name, true)
	cfg.Alone = p.alone
	service, err := archive.New(ctx, cfg, s.client, s.gate, s.logger)
	if err != nil {
		return err
	}
	if err := service.Ensure(ctx); err != nil {
		return err
	}
	flushes := make(map[string]func(context.Context, uint64) error)
	for _, blocks := range service.Readers() {
		s.readers = append(s.readers, reader{consumer: blocks.Consumer(), activity: blocks.Stats})
		flushes[blocks.Consumer().Stream] = blocks.Flush
	}
	s.run = service.Run
	s.flush = func(ctx context.Context, stream string, upTo uint64) error {
		flush, ok := flushes[stream]
		if !ok || upTo == 0 {
			return nil
		}
		if err := flush(ctx, upTo); !errors.Is(err, durable.ErrOff) {
			return err
		}
		return nil // the flag went off meanwhile: a consumer that is off is passed over
	}
	return nil
}
