//go:build !external

package main

import (
	"context"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
)

// diskPeriod is how often the data directory is measured.
const diskPeriod = 2 * time.Second

// diskGuard is a gate for sources: it is off while the data directory holds more
// than its cap. It never deletes anything.
type diskGuard struct {
	path string
	cap  int64
	used atomic.Int64

	mu      sync.Mutex
	on      bool
	changed chan struct{}
}

func newDiskGuard(path string, limit int64) *diskGuard {
	guard := &diskGuard{path: path, cap: limit, on: true, changed: make(chan struct{})}
	guard.measure()
	return guard
}

// On implements durable.Gate.
func (g *diskGuard) On() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.on
}

// Changed implements durable.Gate.
func (g *diskGuard) Changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed
}

// watch measures until ctx ends.
func (g *diskGuard) watch(ctx context.Context, logger *slog.Logger) {
	ticker := time.NewTicker(diskPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		was := g.On()
		g.measure()
		switch now := g.On(); {
		case was && !now:
			logger.ErrorContext(ctx, "disk cap reached, sources pause: raise it with --max-disk or start over with --fresh",
				"used", humanize.IBytes(uint64(g.used.Load())), "cap", humanize.IBytes(uint64(g.cap)))
		case !was && now:
			logger.InfoContext(ctx, "below the disk cap, sources go on", "used", humanize.IBytes(uint64(g.used.Load())))
		}
	}
}

func (g *diskGuard) measure() {
	used := diskUse(g.path)
	g.used.Store(used)
	g.mu.Lock()
	defer g.mu.Unlock()
	if on := used <= g.cap; on != g.on {
		g.on = on
		close(g.changed)
		g.changed = make(chan struct{})
	}
}

// diskUse adds up the files below path. A file that vanishes meanwhile counts as
// nothing.
func diskUse(path string) int64 {
	var used int64
	_ = filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			used += info.Size()
		}
		return nil
	})
	return used
}
