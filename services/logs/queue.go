package logs

import (
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"cashtag/schemas"

	"github.com/oklog/ulid/v2"
)

// queue holds events between the services that log and Run, in the order of their
// ids.
type queue struct {
	events    chan schemas.Event
	dropped   atomic.Uint64
	announced uint64 // of dropped; Run's own

	mu      sync.Mutex
	entropy *ulid.MonotonicEntropy
	last    uint64 // milliseconds of the last id
}

func newQueue(size int) *queue {
	return &queue{events: make(chan schemas.Event, size), entropy: ulid.Monotonic(rand.Reader, 0)}
}

// add queues the event that build returns or, where the queue is full, counts it. It
// never waits for room.
func (q *queue) add(build func() schemas.Event) {
	if q.full() {
		q.dropped.Add(1)
		return
	}
	event := build()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.full() { // from here on nobody else adds
		q.dropped.Add(1)
		return
	}
	event.ID = q.id()
	q.events <- event
}

func (q *queue) full() bool { return len(q.events) == cap(q.events) }

// named gives an event that is not queued an id of the same order.
func (q *queue) named(event schemas.Event) schemas.Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	event.ID = q.id()
	return event
}

// id is greater than any before, though the clock be set back.
func (q *queue) id() string {
	q.last = max(q.last, uint64(max(time.Now().UnixMilli(), 0)))
	for {
		id, err := ulid.New(q.last, q.entropy)
		if err == nil {
			return id.String()
		}
		q.last++ // the ids of this millisecond are used up
	}
}

// take appends what is queued to batch, without waiting, up to maxBatch in all.
func (q *queue) take(batch []schemas.Event) []schemas.Event {
	for len(batch) < maxBatch {
		select {
		case event := <-q.events:
			batch = append(batch, event)
		default:
			return batch
		}
	}
	return batch
}
