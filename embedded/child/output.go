package child

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
)

// maxLine bounds one line of a child's output; what is longer is cut.
const maxLine = 64 << 10

// output is what a parent has read from its child.
type output struct {
	name   string
	logger *slog.Logger
	ready  chan<- string

	mu       sync.Mutex
	address  string
	reported string // the child's own reason for its end
	crash    string // what the Go runtime said, else the last bare line
}

// addr is the address that the child reported.
func (o *output) addr() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.address
}

// last is the reason that the child gave, and what stood on standard error.
func (o *output) last() (reported, crash string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reported, o.crash
}

// status takes one line of the child's standard output.
func (o *output) status(line []byte) {
	var s status
	if json.Unmarshal(line, &s) != nil {
		return // nothing but status lines is written there
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if s.Error != "" {
		o.reported = s.Error
	}
	if s.Addr != "" && o.address == "" {
		o.address = s.Addr
		o.ready <- s.Addr
	}
}

// log takes one line of the child's standard error: a record of its logger,
// or whatever else a library or the Go runtime printed there.
func (o *output) log(ctx context.Context, line []byte) {
	text := strings.TrimSpace(string(line))
	if text == "" {
		return
	}
	level, message, attrs, ok := parseRecord(line)
	if !ok {
		level, message, attrs = slog.LevelWarn, text, nil
		o.remember(text)
	}
	attrs = append([]slog.Attr{slog.String("child", o.name), slog.String("text", message)}, attrs...)
	o.logger.LogAttrs(ctx, level, "child process log", attrs...)
}

// remember keeps a bare line for the reason of an end: the runtime's first
// word on a crash is worth more than the stack that follows it.
func (o *output) remember(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !isCrash(o.crash) {
		o.crash = text
	}
}

// isCrash says whether a line is the Go runtime's headline of a crash.
func isCrash(text string) bool {
	return strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ")
}

// parseRecord reads a line of slog's JSON handler. The child's time is left
// out: the parent's logger sets its own.
func parseRecord(line []byte) (level slog.Level, message string, attrs []slog.Attr, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	var fields map[string]any
	if decoder.Decode(&fields) != nil {
		return 0, "", nil, false
	}
	name, _ := fields[slog.LevelKey].(string)
	message, ok = fields[slog.MessageKey].(string)
	if !ok || level.UnmarshalText([]byte(name)) != nil {
		return 0, "", nil, false
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		switch key {
		case slog.LevelKey, slog.MessageKey, slog.TimeKey:
		default:
			attrs = append(attrs, slog.Any(key, fields[key]))
		}
	}
	return level, message, attrs, true
}

// lowestLevel is the lowest level that a logger keeps, so that a child writes
// nothing that nobody reads.
func lowestLevel(ctx context.Context, logger *slog.Logger) slog.Level {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn} {
		if logger.Enabled(ctx, level) {
			return level
		}
	}
	return slog.LevelError
}

// lineWriter hands on what is written to it, a line at a time. A line beyond
// maxLine is cut there.
type lineWriter struct {
	emit    func(line []byte)
	partial []byte
}

// Write implements io.Writer; it never fails.
func (w *lineWriter) Write(p []byte) (int, error) {
	written := len(p)
	for {
		line, rest, found := bytes.Cut(p, []byte{'\n'})
		room := maxLine - len(w.partial)
		w.partial = append(w.partial, line[:min(len(line), room)]...)
		if !found {
			return written, nil
		}
		w.flush()
		p = rest
	}
}

// flush hands on a line without its end.
func (w *lineWriter) flush() {
	if len(w.partial) > 0 {
		w.emit(w.partial)
		w.partial = w.partial[:0]
	}
}
