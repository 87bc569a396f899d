package durable

import (
	"context"
	"fmt"
	"slices"
)

// flush asks for everything up to a sequence to be stored now.
type flush struct {
	upTo uint64
	gone <-chan struct{}
	done chan error // has room for the answer
}

// Flush closes the open block early, once it holds everything up to the sequence
// upTo that the stream has, and returns when it is stored and acknowledged, be it
// by this worker or by the active one. It returns ErrOff while the flag is off and
// ErrStopped once Run has returned.
func (b *Blocks) Flush(ctx context.Context, upTo uint64) error {
	f := flush{upTo: upTo, gone: ctx.Done(), done: make(chan error, 1)}
	select {
	case b.flushes <- f:
	case <-b.stopped:
		return fmt.Errorf("flush %s: %w", b.cfg.Consumer.Key(), ErrStopped)
	case <-ctx.Done():
		return fmt.Errorf("flush %s: %w", b.cfg.Consumer.Key(), ctx.Err())
	}
	var err error
	select {
	case err = <-f.done:
	case <-b.stopped:
		err = ErrStopped
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("flush %s: %w", b.cfg.Consumer.Key(), err)
	}
	return nil
}

// answerAll ends every flush that waits.
func (b *Blocks) answerAll(err error) {
	for _, f := range b.waiting {
		f.done <- err
	}
	b.waiting = nil
}

// answer ends the flushes up to a sequence, and forgets those whose caller is gone.
func (b *Blocks) answer(upTo uint64) {
	b.waiting = slices.DeleteFunc(b.waiting, func(f flush) bool {
		select {
		case <-f.gone:
			return true
		default:
		}
		if f.upTo > upTo {
			return false
		}
		f.done <- nil
		return true
	})
}

// wanted reports whether a flush waits for a sequence from first to last.
func (b *Blocks) wanted(first, last uint64) bool {
	return slices.ContainsFunc(b.waiting, func(f flush) bool { return first <= f.upTo && f.upTo <= last })
}

// await adds a flush to those that wait. It asks for no more than the stream has.
func (s *blockSession) await(ctx context.Context, f flush) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	info, err := s.stream.Info(ctx)
	if err != nil {
		s.waiting = append(s.waiting, f)
		return fmt.Errorf("inspect stream %s: %w", s.cfg.Consumer.Stream, err)
	}
	f.upTo = min(f.upTo, info.State.LastSeq)
	s.waiting = append(s.waiting, f)
	return nil
}
