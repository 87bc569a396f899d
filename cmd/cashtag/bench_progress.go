//go:build !external

package main

import (
	"fmt"
	"sync/atomic"
)

// benchProgress is what a benchmark is doing now. Its zero value is ready.
type benchProgress struct{ line atomic.Value }

func (p *benchProgress) say(format string, args ...any) {
	p.line.Store("cashtag bench: " + fmt.Sprintf(format, args...))
}

func (p *benchProgress) text() string {
	line, _ := p.line.Load().(string)
	return line
}
