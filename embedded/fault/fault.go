// Package fault is what the scripted failures of several stand-ins have in common: a
// count of those that struck, so that a test knows that they did, and frames in pieces.
//
// It does not decide what fails, or when: that is each stand-in's script.
package fault

import (
	"context"
	"sync"

	"github.com/coder/websocket"
)

// Counts is how often failures of each kind struck. The zero value has none. It is safe
// for concurrent use, also by who holds locks of his own.
type Counts[K comparable] struct {
	mu    sync.Mutex
	kinds map[K]int
}

// Strike counts one failure.
func (c *Counts[K]) Strike(kind K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kinds == nil {
		c.kinds = make(map[K]int)
	}
	c.kinds[kind]++
}

// Struck is how many failures of a kind were counted.
func (c *Counts[K]) Struck(kind K) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kinds[kind]
}

// WriteSplit writes one message of a websocket in fragments of n bytes, above 0.
func WriteSplit(ctx context.Context, conn *websocket.Conn, kind websocket.MessageType, message []byte, n int) error {
	w, err := conn.Writer(ctx, kind)
	if err != nil {
		return err
	}
	for len(message) > 0 {
		piece := message[:min(n, len(message))]
		if _, err := w.Write(piece); err != nil {
			return err
		}
		message = message[len(piece):]
	}
	return w.Close()
}
