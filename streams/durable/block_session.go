package durable

import (
	"context"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// blockSession is one stretch of reading, from the opening of the durable until
// something ends it: the flag, ctx, a doubt about the order, an error.
type blockSession struct {
	*Blocks

	stream   jetstream.Stream
	durable  jetstream.Consumer
	chain    *chain // of the storer once it runs
	messages chan jetstream.Msg
	closed   <-chan struct{} // closed when nothing will be delivered any more
	ended    chan struct{}   // closed when the session is over

	lease  *lease // of the storer once it runs
	storer *blockStorer
	reader blockReader
}

// session reads until ctx ends, which is no error, the flag goes off, which is
// ErrOff, or something else is wrong.
func (b *Blocks) session(ctx context.Context) error {
	s, err := b.openSession(ctx)
	if err != nil {
		return err
	}
	if err := s.standby(ctx); err != nil {
		return err
	}
	defer s.stepDown(ctx)
	if err := s.takeOver(ctx); err != nil {
		return err
	}
	consuming, err := s.consume()
	if err != nil {
		return err
	}
	defer func() {
		close(s.ended)
		consuming.Stop()
	}()
	return s.work(ctx)
}

// openSession creates or updates the durable and reads the cuts.
func (b *Blocks) openSession(ctx context.Context) (*blockSession, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	consumer := b.cfg.Consumer
	durable, err := createDurable(ctx, b.client, consumer.Stream, jetstream.ConsumerConfig{
		Durable:       consumer.Service,
		Description:   "durable of " + consumer.Key(),
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy:     jetstream.AckAllPolicy,
		AckWait:       blockAckWait,
		MaxDeliver:    -1, // past it a server stops delivering and says nothing
		MaxAckPending: int((maxBlocksInHand+1)*b.cfg.Events) + messagesAhead,
		MaxWaiting:    64,
	})
	if err != nil {
		return nil, err
	}
	stream, err := b.client.JS.Stream(ctx, consumer.Stream)
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", consumer.Stream, err)
	}
	created := stream.CachedInfo().Created
	chain, err := openChain(ctx, b.client.JS, consumer.Stream, created, durable.CachedInfo().AckFloor.Stream, b.cfg.Cuts)
	if err != nil {
		return nil, err
	}
	lease, err := openLease(ctx, b.client.JS, consumer, b.worker)
	if err != nil {
		return nil, err
	}
	return &blockSession{
		Blocks:   b,
		stream:   stream,
		durable:  durable,
		chain:    chain,
		lease:    lease,
		messages: make(chan jetstream.Msg, 512),
		ended:    make(chan struct{}),
	}, nil
}

// consume starts the delivery into s.messages.
func (s *blockSession) consume() (jetstream.ConsumeContext, error) {
	expiry := s.cfg.pullExpiry()
	consuming, err := s.durable.Consume(
		func(msg jetstream.Msg) {
			select {
			case s.messages <- msg:
			case <-s.ended:
			}
		},
		jetstream.PullMaxMessagesWithBytesLimit(messagesAhead, bytesAhead),
		jetstream.PullExpiry(expiry),
		jetstream.PullHeartbeat(expiry/2),
	)
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", s.cfg.Consumer.Stream, err)
	}
	s.closed = consuming.Closed()
	return consuming, nil
}

// takeOver makes this worker go on where the archive stops. What was delivered
// before comes again.
func (s *blockSession) takeOver(ctx context.Context) error {
	if err := s.chain.load(ctx); err != nil {
		return err
	}
	next, err := s.position(ctx)
	if err != nil {
		return err
	}
	s.reader = newBlockReader(s, next)
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	if err := s.lease.renew(ctx); err != nil {
		return err
	}
	if _, err := s.client.JS.ResetConsumerToSequence(ctx, s.cfg.Consumer.Stream, s.cfg.Consumer.Service, next); err != nil {
		return fmt.Errorf("reset durable %s: %w", s.cfg.Consumer.Key(), err)
	}
	s.logger.DebugContext(ctx, "active worker", "next_sequence", next)
	return nil
}

// position finds the first sequence that is not archived: behind the newest block
// that is stored.
func (s *blockSession) position(ctx context.Context) (uint64, error) {
	info, err := s.stream.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("inspect stream %s: %w", s.cfg.Consumer.Stream, err)
	}
	cuts := s.chain.cuts
	if end := s.chain.newest().End; end > info.State.LastSeq {
		return 0, Fatal(fmt.Errorf("stream %s ends at %d but is archived up to %d: it lost events that the archive has, "+
			"and will use their sequences again: archive it elsewhere, and purge the keys %s.* of the bucket %s",
			s.cfg.Consumer.Stream, info.State.LastSeq, end, s.cfg.Consumer.Stream, s.chain.kv.Bucket()))
	}
	next := s.chain.newest().End + 1
	for i, cut := range slices.Backward(cuts) {
		dropped := cut.End < info.State.FirstSeq
		if cut.start == 0 || (dropped && len(cuts)-i > maxBlocksInHand) {
			break
		}
		stored, err := s.isStored(ctx, cut)
		if err != nil {
			return 0, err
		}
		if stored {
			break
		}
		if len(cuts)-i == maxBlocksInHand+1 {
			s.logger.WarnContext(ctx, "blocks are gone from the archive: storing again what the stream still has", "up_to", cut.End)
		}
		next = cut.start
	}
	return next, s.checkPlace(ctx, next)
}

func (s *blockSession) isStored(ctx context.Context, c cut) (bool, error) {
	var stored bool
	block := Block{Stream: s.cfg.Consumer.Stream, CreatedAt: s.chain.createdAt, First: c.start, Last: c.End}
	err := s.insist(ctx, nil, func(ctx context.Context) error {
		var err error
		stored, err = s.sink.Stored(ctx, block)
		return err
	})
	return stored, err
}

// checkPlace returns a Fatal error when the next block would overwrite another
// stream's.
func (s *blockSession) checkPlace(ctx context.Context, next uint64) error {
	_, err := s.isStored(ctx, cut{start: next, End: next})
	return err
}
