//go:build !external

package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// paneLines is how many log lines stand under a live table.
const paneLines = 8

// screen is what a person sees: a table that is drawn again and again on a
// terminal, with the newest log lines under it, or plain log lines elsewhere.
type screen struct {
	console Console
	live    bool
	json    bool

	mu    sync.Mutex
	pane  []string
	drawn int // lines of the table on the terminal
}

func newScreen(console Console, asJSON bool) *screen {
	return &screen{console: console, live: console.Live && !asJSON, json: asJSON}
}

// handler is where the services' log records are shown.
func (s *screen) handler() slog.Handler {
	if s.live {
		return slog.NewTextHandler(paneWriter{s}, &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: shortTime})
	}
	return slog.NewTextHandler(s.console.Err, &slog.HandlerOptions{Level: slog.LevelInfo})
}

// serverLogger is where the stand-ins' own warnings are shown.
func (s *screen) serverLogger() *slog.Logger {
	out := s.console.Err
	if s.live {
		out = paneWriter{s}
	}
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: shortTime}))
}

func shortTime(groups []string, attribute slog.Attr) slog.Attr {
	if len(groups) == 0 && attribute.Key == slog.TimeKey {
		return slog.String(slog.TimeKey, attribute.Value.Time().Format("15:04:05"))
	}
	return attribute
}

// note says one line to the person: on standard error, so that standard output
// keeps to figures.
func (s *screen) note(line string) {
	s.clear()
	_, _ = fmt.Fprintln(s.console.Err, line)
}

// recent is the newest log lines.
func (s *screen) recent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.pane...)
}

// draw replaces the table on the terminal.
func (s *screen) draw(v view) {
	width, height := terminalSize()
	lines := v.fitted(width, height-1, s.console.colours())
	s.clear()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range lines {
		_, _ = fmt.Fprintln(s.console.Out, line) // the terminal went away: there is nobody to tell
	}
	s.drawn = len(lines)
}

// clear takes the table off the terminal.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drawn > 0 {
		_, _ = fmt.Fprintf(s.console.Out, "\x1b[%dF\x1b[J", s.drawn)
		s.drawn = 0
	}
}

func terminalSize() (width, height int) {
	width, height, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil || width < 20 || height < 5 {
		return 120, 40
	}
	return width, height
}

// paneWriter keeps the newest lines for the table.
type paneWriter struct{ screen *screen }

// Write implements io.Writer.
func (w paneWriter) Write(p []byte) (int, error) {
	w.screen.mu.Lock()
	defer w.screen.mu.Unlock()
	for line := range strings.Lines(string(p)) {
		w.screen.pane = append(w.screen.pane, strings.TrimRight(line, "\n"))
	}
	if extra := len(w.screen.pane) - paneLines; extra > 0 {
		w.screen.pane = append([]string(nil), w.screen.pane[extra:]...)
	}
	return len(p), nil
}
