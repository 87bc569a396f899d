package durable

import (
	"context"
	"fmt"
	"math"
	"time"

	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// blockReader is where the active worker of a session stands.
type blockReader struct {
	recorded map[uint64]uint64 // ends of the blocks that were cut before, by start
	delivery uint64            // number of the last delivery, from 1 on since the reset
	verified bool              // the first of them was what had to come
	next     uint64            // sequence that comes next, unless it is gone
	missing  uint64            // sequences that the stream dropped, not yet part of a sealed block

	// The block that is being read. It has a writer from its first message on.
	first, limit uint64 // its first sequence, and its last at most
	obeyed       bool   // limit was recorded before and is its end
	writer       BlockWriter
	block        Block
	last         jetstream.Msg // its newest message
	lastSequence uint64
	caughtUp     bool // nothing was left to deliver after it
	age          *time.Timer
	due          bool // the block is older than BlockConfig.Age
}

func newBlockReader(s *blockSession, next uint64) blockReader {
	r := blockReader{next: next, recorded: make(map[uint64]uint64), age: time.NewTimer(s.cfg.Age)}
	for _, cut := range s.chain.cuts {
		if cut.start >= next {
			r.recorded[cut.start] = cut.End
		}
	}
	r.begin(s.cfg, next)
	return r
}

// begin starts the block whose first sequence is start.
func (r *blockReader) begin(cfg BlockConfig, start uint64) {
	r.first = start
	r.limit, r.obeyed = r.recorded[start]
	if !r.obeyed {
		r.limit = cfg.windowEnd(start)
	}
	r.writer, r.last, r.due = nil, nil, false
	r.age.Stop()
}

// read takes messages and hands blocks to the storer until the session ends.
func (s *blockSession) read(ctx context.Context) error {
	r := &s.reader
	defer r.age.Stop()
	asking := time.NewTicker(recheck)
	defer asking.Stop()
	for {
		changed := s.gate.Changed()
		if !s.gate.On() {
			return ErrOff
		}
		var err error
		select {
		case msg := <-s.messages:
			err = s.takeAll(ctx, msg)
		case <-r.age.C:
			r.due = true
			err = s.sealDue(ctx, true)
		case f := <-s.flushes:
			if err = s.await(ctx, f); err == nil {
				err = s.sealDue(ctx, true)
			}
		case <-asking.C:
			if len(s.waiting) > 0 {
				err = s.sealDue(ctx, true)
			}
		case <-s.storer.progress:
			err = s.sealDue(ctx, r.caughtUp)
		case <-changed:
		case <-s.closed:
			err = fmt.Errorf("read stream %s: the durable was deleted or the connection closed", s.cfg.Consumer.Stream)
		case <-s.storer.done:
			err = s.storer.err
		case <-ctx.Done():
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// takeAll takes a message and those that have come behind it.
func (s *blockSession) takeAll(ctx context.Context, msg jetstream.Msg) error {
	for range cap(s.messages) {
		if err := s.take(ctx, msg); err != nil {
			return err
		}
		select {
		case msg = <-s.messages:
		default:
			return nil
		}
	}
	return s.take(ctx, msg)
}

// take adds one message to its block. It returns errResync when it is not the one
// that has to come.
func (s *blockSession) take(ctx context.Context, msg jetstream.Msg) error {
	r := &s.reader
	meta, err := msg.Metadata()
	if err != nil {
		return fmt.Errorf("read metadata of a message of stream %s: %w", s.cfg.Consumer.Stream, err)
	}
	if meta.Sequence.Consumer != r.delivery+1 {
		return fmt.Errorf("%w: delivery %d came after %d", errResync, meta.Sequence.Consumer, r.delivery)
	}
	r.delivery++
	sequence := meta.Sequence.Stream
	if sequence <= s.seen {
		s.stats.redelivered.Add(1)
	}
	s.seen = max(s.seen, sequence)
	if sequence < r.next {
		return nil
	}
	if sequence > r.next {
		if err := s.explain(ctx, sequence); err != nil {
			return err
		}
	}
	r.verified = true
	for sequence > r.limit {
		if err := s.leave(ctx, sequence); err != nil {
			return err
		}
	}
	r.next = sequence + 1
	return s.add(ctx, msg, meta)
}

// explain accounts for the sequences from the one that had to come up to the one
// that came.
func (s *blockSession) explain(ctx context.Context, came uint64) error {
	r := &s.reader
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	if !r.verified {
		// Only from its second delivery on does a session know that it saw them all.
		due, err := s.stream.GetMsg(ctx, r.next, jetstream.WithGetMsgSubject(">"))
		if err != nil || due.Sequence != came {
			return fmt.Errorf("%w: message %d came and not %d", errResync, came, r.next)
		}
	}
	info, err := s.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("inspect stream %s: %w", s.cfg.Consumer.Stream, err)
	}
	dropped := min(came, info.State.FirstSeq)
	if dropped > r.next {
		r.missing += dropped - r.next
		s.logger.ErrorContext(ctx, "events lost: the stream dropped them before they were archived",
			"from", r.next, "to", dropped-1, "events", dropped-r.next)
	}
	return nil
}

// add appends a message to its block, and seals the block where it ends.
func (s *blockSession) add(ctx context.Context, msg jetstream.Msg, meta *jetstream.MsgMetadata) error {
	r := &s.reader
	sequence := meta.Sequence.Stream
	if r.writer == nil {
		writer, err := s.sink.Open()
		if err != nil {
			return fmt.Errorf("open block %d: %w", r.first, err)
		}
		r.writer = writer
		r.block = Block{
			Stream: s.cfg.Consumer.Stream, CreatedAt: s.chain.createdAt, First: r.first, FirstAt: meta.Timestamp.UTC(),
		}
		r.age.Reset(time.Until(meta.Timestamp.Add(s.cfg.Age)))
		s.stats.setState(StateRunning)
	}
	headers := map[string][]string(msg.Headers())
	err := r.writer.Append(Message{
		Subject:  msg.Subject(),
		Key:      streams.Key(msg.Subject()),
		ID:       first(headers, jetstream.MsgIDHeader),
		Data:     msg.Data(),
		Headers:  headers,
		Stream:   s.cfg.Consumer.Stream,
		Sequence: sequence,
		StoredAt: meta.Timestamp,
	})
	if err != nil {
		return fmt.Errorf("append message %d to block %d: %w", sequence, r.first, err)
	}
	r.block.Events++
	r.block.Bytes += uint64(len(msg.Data()))
	r.block.LastAt = meta.Timestamp.UTC()
	r.last, r.lastSequence, r.caughtUp = msg, sequence, meta.NumPending == 0
	switch {
	case sequence == r.limit:
		return s.seal(ctx, r.limit)
	case !r.obeyed && (r.block.Bytes >= s.cfg.Bytes || (r.due && r.caughtUp) || s.wanted(r.first, sequence)):
		return s.seal(ctx, sequence)
	case r.caughtUp && (r.obeyed || s.wanted(r.first, math.MaxUint64)):
		return s.sealDue(ctx, true) // the rest of what has to come may be gone
	}
	return nil
}
