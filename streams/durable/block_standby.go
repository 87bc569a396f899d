package durable

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// standby returns once this worker holds the lease.
func (s *blockSession) standby(ctx context.Context) error {
	return s.lease.await(ctx, vigil{takeover: s.cfg.Takeover, alone: s.cfg.Alone, watch: s.watch, rest: s.lookAgain})
}

// lookAgain waits until it is time to look again, or there is a flush to look for.
func (s *blockSession) lookAgain(ctx context.Context, again <-chan time.Time) error {
	s.stats.setState(StateStandby)
	changed := s.gate.Changed()
	if !s.gate.On() {
		return ErrOff
	}
	select {
	case f := <-s.flushes:
		s.waiting = append(s.waiting, f)
	case <-again:
	case <-changed:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// watch looks for a sign of the active worker, and ends the flushes that have what
// they wait for.
func (s *blockSession) watch(ctx context.Context) (sign, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	seen, err := s.lease.look(ctx)
	if err != nil {
		return sign{}, err
	}
	info, err := s.durable.Info(ctx)
	if err != nil {
		return sign{}, fmt.Errorf("inspect durable %s: %w", s.cfg.Consumer.Key(), err)
	}
	now := sign{leaseSeen: seen, delivered: info.Delivered.Consumer, waiting: info.NumWaiting > 0}
	if !seen.held || len(s.waiting) == 0 {
		return now, nil
	}
	if err := s.chain.load(ctx); err != nil {
		return sign{}, err
	}
	from := min(info.AckFloor.Stream, s.chain.newest().End) + 1
	left, err := s.holds(ctx, from)
	if err != nil {
		return sign{}, err
	}
	s.answer(from - 1)
	if !left {
		s.answerAll(nil)
	}
	return now, nil
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

// stepDown lets a standby take over at once.
func (s *blockSession) stepDown(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := s.lease.release(ctx); err != nil {
		s.logger.DebugContext(ctx, "lease not released", "error", err)
	}
}
