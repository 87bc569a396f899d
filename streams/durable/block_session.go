package durable

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

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

// standby waits for the message that says that this worker is the active one.
func (s *blockSession) standby(ctx context.Context) (jetstream.Msg, error) {
	poll := time.NewTicker(s.cfg.pullExpiry())
	defer poll.Stop()
	for {
		if err := s.watchOver(ctx); err != nil {
			return nil, err
		}
		changed := s.gate.Changed()
		if !s.gate.On() {
			return nil, ErrOff
		}
		select {
		case msg := <-s.messages:
			return msg, nil
		case f := <-s.flushes:
			s.waiting = append(s.waiting, f)
		case <-poll.C:
		case <-changed:
		case <-s.unpinned: // the pin of an earlier session
		case <-s.closed:
			return nil, errClosed(s.cfg.Consumer.Stream)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func errClosed(stream string) error {
	return fmt.Errorf("read stream %s: the durable was deleted or the connection closed", stream)
}

// watchOver sees to it that what a worker left behind is delivered again, once
// nobody is active and nothing new would be: a server by itself would wait for the
// ack wait, and never deliver again what lies under a floor that moved too far.
func (s *blockSession) watchOver(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	info, err := s.durable.Info(ctx)
	if err != nil {
		return fmt.Errorf("inspect durable %s: %w", s.cfg.Consumer.Key(), err)
	}
	active := pinned(info) != ""
	s.stats.setState(StateIdle)
	if active {
		s.stats.setState(StateStandby)
	}
	abandoned := !active && info.NumPending == 0
	if !abandoned && len(s.waiting) == 0 {
		return nil
	}
	if err := s.chain.load(ctx); err != nil {
		return err
	}
	from := min(info.AckFloor.Stream, s.chain.newest().End) + 1
	left, err := s.holds(ctx, from)
	if err != nil {
		return err
	}
	s.answer(from - 1)
	switch {
	case !left:
		s.answerAll(nil)
	case abandoned:
		if _, err := s.client.JS.ResetConsumerToSequence(ctx, s.cfg.Consumer.Stream, s.cfg.Consumer.Service, from); err != nil {
			return fmt.Errorf("reset durable %s: %w", s.cfg.Consumer.Key(), err)
		}
	}
	return nil
}

// holds reports whether the stream has a message from a sequence on.
func (s *blockSession) holds(ctx context.Context, from uint64) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	info, err := s.stream.Info(ctx)
	if err != nil {
		return false, fmt.Errorf("inspect stream %s: %w", s.cfg.Consumer.Stream, err)
	}
	if info.State.LastSeq < from {
		return false, nil
	}
	_, err = s.stream.GetMsg(ctx, from, jetstream.WithGetMsgSubject(">"))
	if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, fmt.Errorf("read stream %s from %d on: %w", s.cfg.Consumer.Stream, from, err)
	}
	return err == nil, nil
}

// pinned is the name of the active worker, "" for none.
func pinned(info *jetstream.ConsumerInfo) string {
	for _, group := range info.PriorityGroups {
		if group.Group == pinGroup {
			return group.PinnedClientID
		}
	}
	return ""
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

// unpin lets a standby take over at once.
func (s *blockSession) unpin(ctx context.Context) {
	if s.pin == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	info, err := s.durable.Info(ctx)
	if err != nil || pinned(info) != s.pin {
		return // the pin runs out, or has
	}
	if err := s.stream.UnpinConsumer(ctx, s.cfg.Consumer.Service, pinGroup); err != nil {
		s.logger.DebugContext(ctx, "pin runs out by itself", "error", err)
	}
}
