package streams

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"
)

// part is a run of messages of one call, small enough for one batch.
type part struct {
	messages []*message
	size     int
	at       time.Time
}

// queuedParts bounds the parts that wait for one stream, beside their bytes.
const queuedParts = 1024

// committer stores what is published to one stream, one batch at a time: while a
// batch is on its way the next one gathers.
type committer struct {
	cfg      PublisherConfig
	client   *Client
	link     *link
	js       jetstream.JetStream // for asynchronous publishing, with limits of its own
	log      *slog.Logger
	counters *counters
	stream   string
	atomic   bool // the stream takes atomic batches
	async    bool // and is better published to without

	room    *semaphore.Weighted // bytes
	queue   chan part
	carry   part // taken from the queue for the next batch
	cancel  context.CancelFunc
	stop    chan struct{}
	stopped chan struct{}
}

func newCommitter(ctx context.Context, p *Publisher, config jetstream.StreamConfig) (*committer, error) {
	js, err := jetstream.New(p.client.Conn,
		jetstream.WithPublishAsyncMaxPending(maxBatch+1),
		jetstream.WithPublishAsyncTimeout(p.cfg.Timeout),
		jetstream.WithDefaultTimeout(p.cfg.Timeout),
	)
	if err != nil {
		return nil, fmt.Errorf("publish to %s: %w", config.Name, err)
	}
	c := &committer{
		cfg:      p.cfg,
		client:   p.client,
		link:     p.link,
		js:       js,
		log:      p.log,
		counters: &p.counters,
		stream:   config.Name,
		atomic:   config.AllowAtomicPublish,
		async:    !config.AllowAtomicPublish || config.Replicas > 1,
		room:     semaphore.NewWeighted(int64(p.cfg.QueueBytes)),
		queue:    make(chan part, queuedParts),
		stop:     make(chan struct{}),
		stopped:  make(chan struct{}),
	}
	// It serves many callers and so outlives the one that started it.
	ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go c.run(ctx)
	return c, nil
}

// publish queues messages, waits until they are stored and returns the first
// failure.
func (c *committer) publish(ctx context.Context, messages []*message) error {
	call := newCall(ctx.Done(), len(messages))
	for _, m := range messages {
		m.call = call
	}
	for rest := messages; len(rest) > 0 && !call.over(); {
		next := c.cut(rest)
		rest = rest[len(next.messages):]
		if c.room.Acquire(ctx, int64(next.size)) != nil {
			break
		}
		next.at = time.Now()
		select {
		case c.queue <- next:
		case <-call.done:
			c.room.Release(int64(next.size))
		case <-ctx.Done():
			c.room.Release(int64(next.size))
		}
	}
	select {
	case <-call.done:
	case <-ctx.Done():
		call.end(fmt.Errorf("publish to %s: %d of %d events not confirmed: %w",
			c.stream, call.left.Load(), len(messages), context.Cause(ctx)))
	}
	return call.err
}

// cut takes the first part of messages. It holds at least one message.
func (c *committer) cut(messages []*message) part {
	size := 0
	for i, m := range messages {
		n := size + m.size()
		if i == c.cfg.MaxBatch || i > 0 && n > c.cfg.MaxBytes {
			return part{messages: messages[:i], size: size}
		}
		size = min(n, c.cfg.QueueBytes)
	}
	return part{messages: messages, size: size}
}

// run commits batch after batch until stop is closed.
func (c *committer) run(ctx context.Context) {
	defer close(c.stopped)
	for {
		batch, size := c.gather()
		if len(batch) == 0 {
			return
		}
		c.commit(ctx, batch)
		c.room.Release(int64(size))
	}
}

// gather waits for a part and lets others join it until the batch is full or has
// lingered. It returns none once stop is closed.
func (c *committer) gather() (batch []*message, size int) {
	first := c.carry
	c.carry = part{}
	if len(first.messages) == 0 {
		select {
		case first = <-c.queue:
		case <-c.stop:
			return nil, 0
		}
	}
	batch, size = first.messages, first.size
	// Capacity may reach into the caller's later messages.
	batch = slices.Clip(batch)
	linger := time.NewTimer(c.cfg.Linger - time.Since(first.at))
	defer linger.Stop()
	waiting := linger.C
	for len(batch) < c.cfg.MaxBatch && size < c.cfg.MaxBytes {
		var next part
		select {
		case next = <-c.queue:
		default:
			if waiting == nil {
				return batch, size
			}
			select {
			case next = <-c.queue:
			case <-waiting:
				waiting = nil
				continue
			}
		}
		if len(batch)+len(next.messages) > c.cfg.MaxBatch || size+next.size > c.cfg.MaxBytes {
			c.carry = next
			return batch, size
		}
		batch, size = append(batch, next.messages...), size+next.size
	}
	return batch, size
}
