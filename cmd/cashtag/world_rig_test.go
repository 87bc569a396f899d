//go:build !external

package main

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"cashtag/services/replay"
	"cashtag/streams"
	"cashtag/streams/streamstest"
)

// patience bounds every wait for what is bound to happen.
const patience = time.Minute

// until polls for what other goroutines bring about, and reports whether they did.
func until(t *testing.T, what string, yes func() bool) bool {
	t.Helper()
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(patience); ; <-poll.C {
		if yes() {
			return true
		}
		if time.Now().After(deadline) || t.Context().Err() != nil {
			t.Errorf("still waiting after %s: %s", patience, what)
			return false
		}
	}
}

// runningWorld is the part of `cashtag up` that the sources are, in this process: on
// a server and with stand-ins that outlive it.
type runningWorld struct {
	*up
	sources *sources // where no tape is played
	end     func()
}

// startWorld starts the manager, the counts and every source and, where there is a
// tape, who plays it.
func startWorld(t *testing.T, server *streamstest.Server, v *market, ends sourceEnds, tape replay.Tape, dir string) *runningWorld {
	t.Helper()
	log := slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})
	connect := func(service string) (*streams.Client, error) { return server.ConnectAs(t, service), nil }
	p, err := newPlatform(t.Context(), log, connect)
	if err != nil {
		t.Fatal(err)
	}
	u := &up{platform: p, market: v, guard: newDiskGuard(dir, 1<<40), dir: &dataDir{path: dir}}
	w := &runningWorld{up: u}
	if tape != nil {
		err = u.addWorld(t.Context(), tape, ends)
	} else {
		w.sources, err = p.addSources(t.Context(), sourceNames(), ends)
	}
	if err != nil {
		t.Fatal(err)
	}
	running, cancel := context.WithCancel(t.Context())
	w.end = sync.OnceFunc(func() {
		if err := p.end(t.Context(), cancel, p.logger); err != nil {
			t.Error(err)
		}
		p.close(t.Context())
	})
	t.Cleanup(w.end)
	p.start(running)
	return w
}
