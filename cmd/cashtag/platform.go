package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"cashtag/services/logs"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/flag"
	"cashtag/streams/ingest"

	"github.com/nats-io/nats.go"
)

// platform is the services that run in this process.
type platform struct {
	started  time.Time
	connect  func(service string) (*streams.Client, error)
	observer *streams.Client // sees where everything stands, and the flags
	flags    *flag.Set
	alone    bool         // no other process runs these services on this data
	base     slog.Handler // where log records go beside the stream LOGS
	logger   *slog.Logger // of the program itself
	only     []string     // streams that the services read; nil for all of theirs

	self     *service     // what the platform itself logs and asks with
	standing func() error // says what else here ended before it was asked to; nil for nothing
	services []*service
	working  sync.WaitGroup
	broken   chan struct{} // closed at the first service that ended before it was asked to
	breaking sync.Once
}

// newPlatform connects as the observer. connect is called once for it and once for
// each service.
func newPlatform(ctx context.Context, base slog.Handler, connect func(service string) (*streams.Client, error)) (*platform, error) {
	p := &platform{started: time.Now(), connect: connect, base: base, broken: make(chan struct{})}
	s, err := p.wire(ctx, streams.ServiceAPI)
	if err != nil {
		return nil, err
	}
	p.self, p.observer, p.logger = s, s.client, s.logger
	if p.flags, err = flag.Open(ctx, s.client, s.logger); err != nil {
		s.unwire(ctx)
		return nil, fmt.Errorf("open feature flags: %w: `cashtag streams apply` creates the topology", err)
	}
	return p, nil
}

// reader is one consumer that runs here.
type reader struct {
	consumer streams.Consumer
	activity func() durable.Stats
}

// service is one of the platform's services with what it alone works with: its
// connection, its publisher and its log.
type service struct {
	name      string
	gate      durable.Gate
	client    *streams.Client
	publisher *streams.Publisher
	logger    *slog.Logger

	// What the builder of the service fills in.
	readers []reader
	source  *ingest.Runner // nil for a service that is none
	// active tells which of the readers are to run; nil for all.
	active func(streams.Consumer) bool
	run    func(ctx context.Context) error
	// flush stores what is held back of a stream up to a sequence; nil where
	// nothing is held back.
	flush func(ctx context.Context, stream string, upTo uint64) error

	// close lets go of the far end; nil where there is nothing to let go of.
	close func(ctx context.Context)

	mu  sync.Mutex
	err error // why it ended before it was asked to

	endLog func()
}

// wire connects a service and starts its log.
func (p *platform) wire(ctx context.Context, name string) (*service, error) {
	client, err := p.connect(name)
	if err != nil {
		return nil, err
	}
	s := &service{name: name, client: client, gate: always{}}
	cfg := logs.DefaultConfig()
	cfg.Service = name
	handler := logs.New(p.base, cfg)
	s.logger = slog.New(handler)
	aside := slog.New(p.base).With("service", name) // never through the connection that failed
	client.Conn.SetErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		aside.WarnContext(ctx, "nats connection", "error", err)
	})
	publishing := streams.DefaultPublisherConfig()
	publishing.Logger = aside
	if publishesWholeBatches(name) {
		publishing.Linger = 0 // nothing more would join them
	}
	if s.publisher, err = streams.NewPublisher(client, publishing); err != nil {
		client.Conn.Close()
		return nil, fmt.Errorf("service %s: %w", name, err)
	}
	s.endLog = startLog(ctx, handler, s.publisher)
	return s, nil
}

// publishesWholeBatches reports whether a service publishes all that it has at once.
func publishesWholeBatches(name string) bool {
	switch name {
	case streams.ServiceKinesis, streams.ServiceMongo, streams.ServiceArchive, streams.ServiceSentiment, streams.ServiceFeatures,
		streams.ServiceTwitter, streams.ServiceBluesky, streams.ServiceStocks, streams.ServiceManager, streams.ServiceReplay:
		return true
	default:
		return false
	}
}

// unwire lets go of the far end, ends the log and closes the connection.
func (s *service) unwire(ctx context.Context) {
	if s.close != nil {
		s.close(ctx)
	}
	s.endLog()
	_ = s.publisher.Close(ctx) // every Publish has returned
	s.client.Conn.Close()
}

// add wires a service and lets build make it. Nothing runs yet.
func (p *platform) add(ctx context.Context, name string, build func(ctx context.Context, s *service) error) error {
	s, err := p.wire(ctx, name)
	if err != nil {
		return err
	}
	p.services = append(p.services, s)
	if err := build(ctx, s); err != nil {
		return fmt.Errorf("service %s: %w", name, err)
	}
	return nil
}

// startLog publishes a service's log events until the returned function is called.
func startLog(ctx context.Context, handler *logs.Handler, publisher *streams.Publisher) func() {
	logging, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = handler.Run(logging, publisher) // what could not be published is on stderr
	}()
	return func() { stop(); <-ended }
}

// start runs every service that was added.
func (p *platform) start(ctx context.Context) {
	for _, s := range p.services {
		p.working.Go(func() {
			err := s.run(ctx)
			if err == nil || (ctx.Err() != nil && errors.Is(err, context.Canceled)) {
				return
			}
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
			s.logger.ErrorContext(ctx, "service ended", "error", err)
			p.breaking.Do(func() { close(p.broken) })
		})
	}
}

// ended is why the service ended before it was asked to, or nil.
func (s *service) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// readers lists every consumer that runs here, upstream first.
func (p *platform) readers() []reader {
	var all []reader
	for _, consumer := range streams.Consumers() {
		for _, s := range p.services {
			for _, reader := range s.activeReaders() {
				if reader.consumer == consumer {
					all = append(all, reader)
				}
			}
		}
	}
	return all
}

// paused reports whether the flag of a service that runs here is off.
func (p *platform) paused(name string) bool {
	for _, s := range p.services {
		if s.name == name {
			return !s.gate.On()
		}
	}
	return false
}

// failed lists what ended before it was asked to.
func (p *platform) failed() error {
	var errs []error
	for _, s := range p.services {
		if err := s.ended(); err != nil {
			errs = append(errs, fmt.Errorf("service %s ended: %w", s.name, err))
		}
	}
	if p.standing != nil {
		errs = append(errs, p.standing())
	}
	return errors.Join(errs...)
}

// closeTimeout bounds the end of the platform after its services ended.
const closeTimeout = 5 * time.Second

// close flushes logs and publishers and closes every connection. The services
// must have ended or be given up.
func (p *platform) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	for _, s := range p.services {
		s.unwire(ctx)
	}
	p.flags.Close()
	p.self.unwire(ctx)
}

// always is the gate of a service without a flag.
type always struct{}

func (always) On() bool                 { return true }
func (always) Changed() <-chan struct{} { return nil }

// anyEnded is closed when a service ended before it was asked to.
func (p *platform) anyEnded() <-chan struct{} { return p.broken }
