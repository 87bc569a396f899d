package streamstest

import (
	"bytes"
	"log/slog"
	"sync"
)

// Log keeps what is logged, to be read meanwhile. Its zero value is empty and ready
// to use.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Logger logs to l, as text without times, from the level Info on.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is everything logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
