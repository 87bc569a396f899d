package durable

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// sealedBlock is a block that was read whole and waits to be stored.
type sealedBlock struct {
	Block
	writer       BlockWriter
	obeyed       bool // its end was recorded before
	missing      uint64
	last         jetstream.Msg // its newest message, which acknowledges all
	lastSequence uint64
}

// blockStorer stores the blocks of a session, in order, one at a time, while the
// next is read.
type blockStorer struct {
	*blockSession

	queue    chan sealedBlock
	checked  time.Time // when the lease was last renewed
	inHand   atomic.Int64
	floor    atomic.Uint64 // last sequence of the last block stored
	progress chan struct{} // holds one when a block was stored
	release  chan struct{} // closed when a failing block is not to be tried again
	done     chan struct{} // closed when run returned
	err      error         // why it returned, valid once done is closed
}

// work reads and stores until the session ends. Blocks in hand are stored when
// ctx ended or the flag went off; after anything else they are read again.
func (s *blockSession) work(ctx context.Context) error {
	storing, cancel := outlive(ctx, s.cfg.Grace)
	defer cancel()
	s.storer = &blockStorer{
		blockSession: s,
		queue:        make(chan sealedBlock, maxBlocksInHand-2),
		progress:     make(chan struct{}, 1),
		release:      make(chan struct{}),
		done:         make(chan struct{}),
	}
	s.storer.floor.Store(s.reader.next - 1)
	go s.storer.run(storing)

	err := s.read(ctx)
	if s.reader.writer != nil {
		s.reader.writer.Discard()
	}
	close(s.storer.release)
	close(s.storer.queue)
	if err != nil && ctx.Err() == nil && !errors.Is(err, ErrOff) {
		cancel()
	}
	<-s.storer.done
	for block := range s.storer.queue {
		block.writer.Discard()
	}
	s.answer(s.storer.floor.Load())
	if IsFatal(s.storer.err) {
		return s.storer.err
	}
	return err
}

// put queues a block. It returns an error when the session is to end instead.
func (t *blockStorer) put(ctx context.Context, block sealedBlock) error {
	t.inHand.Add(1)
	for {
		changed := t.gate.Changed()
		err := error(nil)
		if !t.gate.On() {
			err = ErrOff
		}
		if err == nil {
			select {
			case t.queue <- block:
				return nil
			case <-changed:
				continue
			case <-t.done:
				err = t.err
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		block.writer.Discard()
		return err
	}
}

// idle reports whether every block that was put is stored.
func (t *blockStorer) idle() bool { return t.inHand.Load() == 0 }

// run stores what is queued, until the queue is closed or a block cannot be
// stored now.
func (t *blockStorer) run(ctx context.Context) {
	defer close(t.done)
	for block := range t.queue {
		t.err = t.store(ctx, block)
		block.writer.Discard()
		if t.err != nil {
			return
		}
	}
}

// store records where the block ends, stores it and acknowledges it.
func (t *blockStorer) store(ctx context.Context, block sealedBlock) error {
	t.stats.setState(StateRunning)
	if !block.obeyed {
		if err := t.cut(ctx, block); err != nil {
			return err
		}
	}
	if err := t.insist(ctx, t.release, block.writer.Store); err != nil {
		return err
	}
	t.stats.stored.Add(block.Events)
	t.stats.batches.Add(1)
	t.stats.storedAt.Store(block.LastAt.UnixNano())
	t.countMissing(ctx, block)
	if err := t.acknowledge(ctx, block); err != nil {
		return err
	}
	t.floor.Store(block.Last)
	t.inHand.Add(-1)
	select {
	case t.progress <- struct{}{}:
	default:
	}
	t.logger.DebugContext(ctx, "block stored", "first", block.First, "last", block.Last, "events", block.Events)
	if err := t.chain.prune(ctx, t.client.JS); err != nil {
		t.logger.WarnContext(ctx, "old cuts stay", "error", err)
	}
	return nil
}

// cut records where the block ends. Only the active worker may: one that slept
// through its replacement would cut off what its successor has long stored.
func (t *blockStorer) cut(ctx context.Context, block sealedBlock) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	if err := t.check(ctx, 0); err != nil {
		return err
	}
	recorded, err := t.chain.record(ctx, cut{start: block.First, End: block.Last})
	if err != nil {
		return err
	}
	if recorded.End != block.Last {
		return fmt.Errorf("%w: block %d was cut at %d and not %d", errResync, block.First, recorded.End, block.Last)
	}
	return nil
}

// acknowledge moves the durable's floor, and makes sure that it moved: the server
// ignores an acknowledgement that is older than the durable's last reset, and may
// then ignore later ones too.
func (t *blockStorer) acknowledge(ctx context.Context, block sealedBlock) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	if err := block.last.DoubleAck(ctx); err != nil {
		return fmt.Errorf("%w: acknowledge up to %d: %w", errResync, block.lastSequence, err)
	}
	if len(t.queue) > 0 {
		return t.check(ctx, block.lastSequence)
	}
	t.checked = time.Time{} // there is time to make sure
	return t.check(ctx, block.lastSequence)
}

// check makes sure, not more often than recheck, that this worker holds the lease
// and that the floor is at a sequence at least.
func (t *blockStorer) check(ctx context.Context, floor uint64) error {
	now := time.Now()
	if now.Sub(t.checked) < recheck {
		return nil
	}
	if err := t.lease.renew(ctx); err != nil {
		return err
	}
	t.checked = now
	if floor == 0 {
		return nil
	}
	info, err := t.durable.Info(ctx)
	if err != nil {
		return fmt.Errorf("inspect durable %s: %w", t.cfg.Consumer.Key(), err)
	}
	if info.AckFloor.Stream < floor {
		return fmt.Errorf("%w: the floor stays at %d", errResync, info.AckFloor.Stream)
	}
	return nil
}

// countMissing makes the durable remember what it could not archive.
func (t *blockStorer) countMissing(ctx context.Context, block sealedBlock) {
	if block.missing == 0 {
		return
	}
	t.stats.missing.Add(block.missing)
	err := addMetadata(ctx, t.client, block.Stream, t.cfg.Consumer.Service, metaMissing, block.missing)
	if err != nil {
		t.logger.ErrorContext(ctx, "missing events not recorded", "error", err)
	}
}
