package durable

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

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
