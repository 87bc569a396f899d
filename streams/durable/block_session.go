package durable

import (
	"context"
	"errors"
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
	unpinned chan struct{}   // holds one when the server gave the pin to another worker
	closed   <-chan struct{} // closed when nothing will be delivered any more
	ended    chan struct{}   // closed when the session is over

	pin    string // what the server calls this worker; "" while it is a standby
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
	consuming, err := s.consume()
	if err != nil {
		return err
	}
	defer func() {
		close(s.ended)
		consuming.Stop()
		s.unpin(ctx)
	}()
	message, err := s.standby(ctx)
	if err != nil {
		return err
	}
	if err := s.takeOver(ctx, message); err != nil {
		return err
	}
	return s.work(ctx)
}

// openSession creates or updates the durable and reads the cuts.
func (b *Blocks) openSession(ctx context.Context) (*blockSession, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	consumer := b.cfg.Consumer
	durable, err := createDurable(ctx, b.client, consumer.Stream, jetstream.ConsumerConfig{
		Durable:        consumer.Service,
		Description:    "durable of " + consumer.Key(),
		DeliverPolicy:  jetstream.DeliverAllPolicy,
		AckPolicy:      jetstream.AckAllPolicy,
		AckWait:        blockAckWait,
		MaxDeliver:     -1, // past it a server stops delivering and says nothing
		MaxAckPending:  int((maxBlocksInHand+1)*b.cfg.Events) + messagesAhead,
		MaxWaiting:     64,
		PriorityPolicy: jetstream.PriorityPolicyPinned,
		PriorityGroups: []string{pinGroup},
		PinnedTTL:      b.cfg.PinnedTTL,
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
	return &blockSession{
		Blocks:   b,
		stream:   stream,
		durable:  durable,
		chain:    chain,
		messages: make(chan jetstream.Msg, 512),
		unpinned: make(chan struct{}, 1),
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
		jetstream.PullPriorityGroup(pinGroup),
		jetstream.PullMaxMessagesWithBytesLimit(messagesAhead, bytesAhead),
		jetstream.PullExpiry(expiry),
		jetstream.PullHeartbeat(expiry/2),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
			if !errors.Is(err, jetstream.ErrPinIDMismatch) {
				return // it pulls again, or is closed
			}
			select {
			case s.unpinned <- struct{}{}:
			default:
			}
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", s.cfg.Consumer.Stream, err)
	}
	s.closed = consuming.Closed()
	return consuming, nil
}

// takeOver makes this worker go on where the archive stops. Nothing that was
// delivered before counts: it comes again.
func (s *blockSession) takeOver(ctx context.Context, message jetstream.Msg) error {
	s.pin = first(message.Headers(), headerPin)
	if s.pin == "" {
		return fmt.Errorf("durable %s delivers to more than one worker", s.cfg.Consumer.Key())
	}
	meta, err := message.Metadata()
	if err != nil {
		return fmt.Errorf("read metadata of a message of stream %s: %w", s.cfg.Consumer.Stream, err)
	}
	if err := s.chain.load(ctx); err != nil {
		return err
	}
	next, err := s.position(ctx)
	if err != nil {
		return err
	}
	// What the server has sent up to now is told apart by its delivery numbers:
	// after the reset they start from 1 again.
	s.reader = newBlockReader(s, meta.Sequence.Consumer, next)
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	if _, err := s.stillActive(ctx); err != nil {
		return err
	}
	if _, err := s.client.JS.ResetConsumerToSequence(ctx, s.cfg.Consumer.Stream, s.cfg.Consumer.Service, next); err != nil {
		return fmt.Errorf("reset durable %s: %w", s.cfg.Consumer.Key(), err)
	}
	s.logger.InfoContext(ctx, "active worker", "pin", s.pin, "next_sequence", next)
	return nil
}

// stillActive returns errResync when another worker has taken over, or may.
func (s *blockSession) stillActive(ctx context.Context) (*jetstream.ConsumerInfo, error) {
	info, err := s.durable.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("inspect durable %s: %w", s.cfg.Consumer.Key(), err)
	}
	if pinned(info) != s.pin {
		return nil, fmt.Errorf("%w: this worker is not active any more", errResync)
	}
	return info, nil
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
