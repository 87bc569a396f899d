package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	// progressAfter is how long a command may run without showing how far it is.
	progressAfter = 2 * time.Second
	progressEvery = 500 * time.Millisecond
	eraseLine     = "\r\x1b[K"
)

// asides writes to standard error what stands beside a command's result: notes,
// warnings and, on a terminal, how far a long command is.
type asides struct {
	live bool

	mu    sync.Mutex
	out   io.Writer
	shown bool // a line of progress stands on the terminal
}

func newAsides(console Console) *asides {
	file, ok := console.Err.(*os.File)
	return &asides{out: console.Err, live: ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"}
}

// Write makes asides the target of a logger.
func (a *asides) Write(text []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.eraseLocked()
	return a.out.Write(text)
}

// say writes one line.
func (a *asides) say(format string, args ...any) {
	_, _ = fmt.Fprintln(a, "cashtag: "+strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; "))
}

// logger is for parts that warn of what they wait for.
func (a *asides) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(a, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// follow shows what text returns, again and again, from two seconds on until the
// function that it returns is called. Where standard error is no terminal it does
// nothing.
func (a *asides) follow(text func() string) (stop func()) {
	if !a.live {
		return func() {}
	}
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		timer := time.NewTimer(progressAfter)
		defer timer.Stop()
		for {
			select {
			case <-timer.C:
				a.show(text())
				timer.Reset(progressEvery)
			case <-stopping:
				a.show("")
				return
			}
		}
	}()
	return func() {
		close(stopping)
		<-stopped
	}
}

func (a *asides) show(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.eraseLocked()
	if text != "" {
		_, _ = io.WriteString(a.out, printable(text))
		a.shown = true
	}
}

func (a *asides) eraseLocked() {
	if a.shown {
		_, _ = io.WriteString(a.out, eraseLine)
		a.shown = false
	}
}
