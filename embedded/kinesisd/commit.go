package kinesisd

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

const (
	// groupRecords is JetStream's limit of an atomic batch.
	groupRecords = 1000
	// groupBytes closes a group before a call that would make it larger; one
	// call alone may have this much.
	groupBytes = maxPutBytes
)

// committer writes the records of concurrent calls together: an atomic batch
// costs JetStream a few syncs whatever its size, so the calls that arrive while
// one is written share the next. At most one is in flight; calls are written in
// the order in which they arrived, each whole.
type committer struct {
	js jetstream.JetStream
	// lead is held by the call that writes for itself and for others; it
	// guards gone.
	lead chan struct{}
	gone error

	mu      sync.Mutex
	waiting []*pendingPut
}

// pendingPut is one call's messages; done is closed once last or err is set.
type pendingPut struct {
	msgs []*nats.Msg
	size int
	done chan struct{}
	last uint64
	err  error
}

func newCommitter(js jetstream.JetStream) *committer {
	return &committer{js: js, lead: make(chan struct{}, 1)}
}

// store writes the messages contiguously and returns the sequence of the last
// of them once all are stored.
func (c *committer) store(ctx context.Context, msgs []*nats.Msg) (uint64, error) {
	p := &pendingPut{msgs: msgs, done: make(chan struct{})}
	for _, m := range msgs {
		p.size += len(m.Data)
	}
	c.enqueue(p)
	for {
		select {
		case <-p.done:
			return p.last, p.err
		case c.lead <- struct{}{}:
			c.commit(ctx, c.nextGroup())
			<-c.lead
		case <-ctx.Done():
			c.leave(p)
			return 0, fmt.Errorf("wait for the store: %w", ctx.Err())
		}
	}
}

// close lets the group in flight finish, refuses every later call with err if
// do succeeds, and returns what do returns.
func (c *committer) close(ctx context.Context, err error, do func() error) error {
	select {
	case c.lead <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait for puts in hand: %w", ctx.Err())
	}
	defer func() { <-c.lead }()
	if err := do(); err != nil {
		return err
	}
	c.gone = err
	return nil
}

func (c *committer) enqueue(p *pendingPut) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, p)
}

// leave takes back a call that nobody has begun to write.
func (c *committer) leave(p *pendingPut) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = slices.DeleteFunc(c.waiting, func(w *pendingPut) bool { return w == p })
}

// nextGroup takes the calls that fit into one batch, oldest first.
func (c *committer) nextGroup() []*pendingPut {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, records, size := 0, 0, 0
	for _, p := range c.waiting {
		records += len(p.msgs)
		size += p.size
		if n > 0 && (records > groupRecords || size > groupBytes) {
			break
		}
		n++
	}
	group := slices.Clone(c.waiting[:n])
	c.waiting = slices.Delete(c.waiting, 0, n)
	return group
}

func (c *committer) commit(ctx context.Context, group []*pendingPut) {
	switch {
	case len(group) == 0:
		return
	case c.gone != nil:
		finish(group, 0, c.gone)
		return
	}
	// The group may hold younger calls than the one that leads.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeWithin)
	defer cancel()
	var msgs []*nats.Msg
	for _, p := range group {
		msgs = append(msgs, p.msgs...)
	}
	last, err := c.write(ctx, msgs)
	if err != nil {
		finish(group, 0, fmt.Errorf("store %d records: %w", len(msgs), err))
		return
	}
	finish(group, last-uint64(len(msgs)), nil)
}

func (c *committer) write(ctx context.Context, msgs []*nats.Msg) (uint64, error) {
	if len(msgs) == 1 {
		ack, err := c.js.PublishMsg(ctx, msgs[0])
		if err != nil {
			return 0, err
		}
		return ack.Sequence, nil
	}
	ack, err := jetstreamext.PublishMsgBatch(ctx, c.js, msgs, jetstreamext.BatchFlowControl{})
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// finish tells every call where its records ended, counting on from before.
func finish(group []*pendingPut, before uint64, err error) {
	for _, p := range group {
		before += uint64(len(p.msgs))
		p.last, p.err = before, err
		close(p.done)
	}
}
