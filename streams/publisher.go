package streams

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"cashtag/schemas"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// maxBatch is what nats-server accepts as one atomic batch.
const maxBatch = 1000

// PublisherConfig bounds what a Publisher gathers, keeps waiting and retries.
type PublisherConfig struct {
	// Linger is how long the first event of a batch waits for others to join it.
	// A full batch, and one that gathered during the commit before it, waits less.
	Linger time.Duration
	// MaxBatch is the number of events that closes a batch, at most 1000.
	MaxBatch int
	// MaxBytes is the number of encoded bytes that closes a batch.
	MaxBytes int
	// QueueBytes bounds the encoded bytes that wait for one stream. Publish blocks
	// while it is reached.
	QueueBytes int
	// Timeout bounds one attempt to store a batch.
	Timeout time.Duration
	// Retries is how often a batch is published again when its attempt went
	// unanswered. A server that is away is waited for beyond it.
	Retries int
	// Logger is told of retries. Nil discards.
	Logger *slog.Logger
}

// DefaultPublisherConfig gathers for 3 ms, batches 1000 events or 4 MiB, queues
// 64 MiB a stream, and tries six times for 5 s each.
func DefaultPublisherConfig() PublisherConfig {
	return PublisherConfig{
		Linger:     3 * time.Millisecond,
		MaxBatch:   maxBatch,
		MaxBytes:   4 << 20,
		QueueBytes: 64 << 20,
		Timeout:    5 * time.Second,
		Retries:    5,
	}
}

// Validate returns an error that names the field, its value and what is allowed.
func (c PublisherConfig) Validate() error {
	switch {
	case c.Linger < 0 || c.Linger > time.Second:
		return fmt.Errorf("linger is %s: must be from 0 to 1s", c.Linger)
	case c.MaxBatch < 1 || c.MaxBatch > maxBatch:
		return fmt.Errorf("max batch is %d: must be from 1 to %d", c.MaxBatch, maxBatch)
	case c.MaxBytes < 1:
		return fmt.Errorf("max bytes is %d: must be at least 1", c.MaxBytes)
	case c.QueueBytes < c.MaxBytes:
		return fmt.Errorf("queue bytes is %d: must be at least max bytes, %d", c.QueueBytes, c.MaxBytes)
	case c.Timeout <= 0:
		return fmt.Errorf("timeout is %s: must be positive", c.Timeout)
	case c.Retries < 0:
		return fmt.Errorf("retries is %d: must not be negative", c.Retries)
	}
	return nil
}

// Publisher stores events. A call returns nil only once all its events are
// stored, and the events of one call are stored in its order, stream by stream.
// It is safe for concurrent use, and fast under concurrent use: what many callers
// publish at the same time to one stream becomes one atomic batch, synced to disk
// once.
//
// An event whose id the stream has stored within its dedupe window is not stored
// again, and counts as stored. When a call returns an error, an event of it may
// or may not be stored, except that an invalid event means that none is.
type Publisher struct {
	cfg      PublisherConfig
	client   *Client
	link     *link
	log      *slog.Logger
	counters counters

	mu         sync.Mutex
	closed     bool
	committers map[string]*committer
	calls      sync.WaitGroup
}

// NewPublisher returns a Publisher on the connection of client, which stays with
// its owner. Close releases it.
func NewPublisher(client *Client, cfg PublisherConfig) (*Publisher, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Publisher{
		cfg: cfg, client: client, link: newLink(client.Conn), log: log, committers: map[string]*committer{},
	}, nil
}

// Publish stores events, each on its subject. It validates all of them first: an
// invalid one returns an error that wraps its *schemas.FieldError, and nothing of
// the call is published. Should ctx end first, what was not yet sent is not sent.
func (p *Publisher) Publish(ctx context.Context, events ...schemas.Event) error {
	groups := newGroups(len(events))
	for _, event := range events {
		m, err := encode(event)
		if err != nil {
			return err
		}
		if err := groups.add(m); err != nil {
			return err
		}
	}
	return p.publish(ctx, groups)
}

// PublishPlaced stores events like Publish, each together with its source's place
// after it: see LastPlace. The events of one call and stream are committed in
// order and a commit is atomic, so that the last place in a stream is never ahead
// of the events in it and never behind them.
//
// One exception: an event that the stream already has leaves the place where it
// is, and the next one that is stored moves it.
func (p *Publisher) PublishPlaced(ctx context.Context, source string, events ...Placed) error {
	groups := newGroups(len(events))
	for _, placed := range events {
		place := Place{Source: source, Value: placed.Place}
		if err := place.Validate(); err != nil {
			return fmt.Errorf("publish event %q: %w", placed.Event.ID, err)
		}
		m, err := encode(placed.Event)
		if err != nil {
			return err
		}
		m.place = place.header()
		if err := groups.add(m); err != nil {
			return err
		}
	}
	return p.publish(ctx, groups)
}

// PublishBytes stores one message as it is, such as a requeued dead letter,
// deduplicated by id. Of headers all are kept but those that steer JetStream and
// the place of a source, which meant something only where they came from.
func (p *Publisher) PublishBytes(ctx context.Context, subject, id string, headers map[string][]string, data []byte) error {
	if id == "" {
		return fmt.Errorf("publish to %q: id is empty", subject)
	}
	// A caller whose ctx ended goes on while an attempt may still be under way.
	m := &message{subject: subject, id: id, data: bytes.Clone(data), header: nats.Header{}}
	for key, values := range headers {
		if len(key) >= 5 && strings.EqualFold(key[:5], "Nats-") || strings.EqualFold(key, HeaderPlace) {
			continue
		}
		m.header[key] = slices.Clone(values)
	}
	groups := newGroups(1)
	if err := groups.add(m); err != nil {
		return err
	}
	return p.publish(ctx, groups)
}

// Stats counts what the Publisher has done so far.
func (p *Publisher) Stats() PublisherStats { return p.counters.snapshot() }

// Close refuses new calls and returns when those in hand have returned. Should
// ctx end first, they end with ErrPublisherClosed, and so does Close.
func (p *Publisher) Close(ctx context.Context) error {
	p.mu.Lock()
	if !p.closed {
		defer p.link.close()
	}
	p.closed = true
	p.mu.Unlock()
	idle := make(chan struct{})
	go func() {
		p.calls.Wait()
		close(idle)
	}()
	var err error
	select {
	case <-idle:
	case <-ctx.Done():
		err = fmt.Errorf("close publisher with calls in hand: %w: %w", ErrPublisherClosed, ctx.Err())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.committers {
		c.cancel()
	}
	<-idle
	for name, c := range p.committers {
		close(c.stop)
		<-c.stopped
		delete(p.committers, name)
	}
	return err
}

func (p *Publisher) publish(ctx context.Context, groups *groups) error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return ErrPublisherClosed
	}
	p.calls.Add(1)
	p.mu.Unlock()
	defer p.calls.Done()

	committers := make([]*committer, len(groups.streams))
	for i, stream := range groups.streams {
		c, err := p.committer(ctx, stream)
		if err != nil {
			return err
		}
		committers[i] = c
	}
	if len(committers) == 1 {
		return committers[0].publish(ctx, groups.messages[0])
	}
	errs := make([]error, len(committers))
	var wait sync.WaitGroup
	for i, c := range committers {
		wait.Go(func() { errs[i] = c.publish(ctx, groups.messages[i]) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// committer returns the one of the stream, started at the first use.
func (p *Publisher) committer(ctx context.Context, stream string) (*committer, error) {
	p.mu.Lock()
	c := p.committers[stream]
	p.mu.Unlock()
	if c != nil {
		return c, nil
	}
	config, err := p.streamConfig(ctx, stream)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.committers[stream]; c != nil {
		return c, nil
	}
	c, err = newCommitter(ctx, p, config)
	if err != nil {
		return nil, err
	}
	p.committers[stream] = c
	return c, nil
}

// streamConfig waits for a server that is away until ctx ends.
func (p *Publisher) streamConfig(ctx context.Context, stream string) (jetstream.StreamConfig, error) {
	pause, warned := newPause(), false
	for {
		attempt, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
		s, err := p.client.JS.Stream(attempt, stream)
		cancel()
		switch {
		case err == nil:
			return s.CachedInfo().Config, nil
		case errors.Is(err, jetstream.ErrStreamNotFound):
			return jetstream.StreamConfig{}, fmt.Errorf("publish to %s: %w: apply the topology first", stream, err)
		case verdictOf(err) == refused:
			return jetstream.StreamConfig{}, fmt.Errorf("publish to %s: %w", stream, err)
		}
		if !warned {
			warned = true
			p.log.WarnContext(ctx, "stream is waited for", "stream", stream, "error", err)
		}
		if !pause.wait(ctx) {
			return jetstream.StreamConfig{}, fmt.Errorf("publish to %s: %w: %w", stream, context.Cause(ctx), err)
		}
	}
}
