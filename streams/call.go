package streams

import (
	"sync"
	"sync/atomic"
)

// call is one caller waiting for its messages in one stream. It ends when all of
// them are stored or when the first of them failed; of a call that ended nothing
// more is sent, so that no message is stored after one that was not.
type call struct {
	gone <-chan struct{} // closed when the caller's context ends
	left atomic.Int64
	once sync.Once
	done chan struct{}
	err  error // valid once done is closed
}

func newCall(gone <-chan struct{}, messages int) *call {
	c := &call{gone: gone, done: make(chan struct{})}
	c.left.Store(int64(messages))
	return c
}

// settle reports the outcome of one message.
func (c *call) settle(err error) {
	if err != nil || c.left.Add(-1) == 0 {
		c.end(err)
	}
}

func (c *call) end(err error) {
	c.once.Do(func() {
		c.err = err
		close(c.done)
	})
}

// over reports whether the call ended or its caller is gone.
func (c *call) over() bool {
	select {
	case <-c.done:
		return true
	case <-c.gone:
		return true
	default:
		return false
	}
}
