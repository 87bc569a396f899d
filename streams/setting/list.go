package setting

import (
	"sync"

	"cashtag/streams/bucket"
	"cashtag/streams/ingest"
)

// List is a setting of several words. It is safe for concurrent use.
type List struct {
	value *bucket.Value

	mu   sync.Mutex
	text string
	list []string
}

var _ ingest.Tickers = (*List)(nil)

func newList(value *bucket.Value) *List { return &List{value: value} }

// List is the words now, which must not be changed.
func (l *List) List() []string {
	text := l.value.Get()
	l.mu.Lock()
	defer l.mu.Unlock()
	if text != l.text {
		l.text, l.list = text, split(text)
	}
	return l.list
}

// Changed returns a channel that is closed at the next change. Whoever asks for it
// before List misses none.
func (l *List) Changed() <-chan struct{} { return l.value.Changed() }

// Hours is when a source is asked for events. It is safe for concurrent use.
type Hours struct{ value *bucket.Value }

var _ ingest.Hours = (*Hours)(nil)

// Value is the word now.
func (h *Hours) Value() string { return h.value.Get() }

// Changed returns a channel that is closed at the next change. Whoever asks for it
// before Value misses none.
func (h *Hours) Changed() <-chan struct{} { return h.value.Changed() }
