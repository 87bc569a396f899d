package durable

import (
	"context"
	"fmt"
	"math"
)

// leave ends the block that sequence lies behind.
func (s *blockSession) leave(ctx context.Context, sequence uint64) error {
	r := &s.reader
	if r.writer != nil {
		return s.seal(ctx, r.limit)
	}
	next := r.limit + 1
	if _, recorded := r.recorded[next]; !recorded && !r.obeyed {
		next = max(next, s.cfg.windowStart(sequence))
	}
	r.begin(s.cfg, next)
	return nil
}

// sealDue closes the open block where its age, a flush or its recorded end asks
// for it and nothing more is to be read, and ends the flushes that have what they
// wait for. What the last message did not tell, it asks the server where asking is
// true.
func (s *blockSession) sealDue(ctx context.Context, asking bool) error {
	r := &s.reader
	s.answer(s.storer.floor.Load())
	if r.writer == nil {
		return s.endFlushes(ctx, asking)
	}
	if !r.obeyed && !r.due && !s.wanted(r.first, math.MaxUint64) {
		return nil
	}
	read := !r.obeyed && ((r.due && r.caughtUp) || s.wanted(r.first, r.lastSequence))
	if !read {
		if !asking {
			return nil
		}
		left, err := s.holds(ctx, r.next)
		if err != nil {
			return err
		}
		if left {
			r.age.Reset(recheck)
			return nil
		}
	}
	switch {
	case !r.obeyed:
		return s.seal(ctx, r.lastSequence)
	case r.caughtUp:
		return s.seal(ctx, r.limit)
	case r.due:
		return fmt.Errorf("%w: the server counts more to come than there is", errResync)
	}
	return nil
}

// endFlushes ends every flush when there is nothing that could be stored.
func (s *blockSession) endFlushes(ctx context.Context, asking bool) error {
	if !s.storer.idle() {
		return nil
	}
	s.stats.setState(StateIdle)
	if len(s.waiting) == 0 || !asking {
		return nil
	}
	left, err := s.holds(ctx, s.reader.next)
	if err == nil && !left {
		s.answerAll(nil)
	}
	return err
}

// seal ends the open block at a sequence, hands it to the storer and begins the
// next.
func (s *blockSession) seal(ctx context.Context, end uint64) error {
	r := &s.reader
	r.block.Last = end
	if err := r.writer.Seal(r.block); err != nil {
		return fmt.Errorf("seal block %d: %w", r.first, err)
	}
	sealed := sealedBlock{Block: r.block, writer: r.writer, obeyed: r.obeyed, missing: r.missing, last: r.last, lastSequence: r.lastSequence}
	r.missing = 0
	r.begin(s.cfg, end+1)
	return s.storer.put(ctx, sealed)
}
