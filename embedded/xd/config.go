package xd

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Config says where the stand-in listens and how it behaves.
type Config struct {
	// Addr is the TCP address to listen on; port 0 takes any that is free.
	Addr string
	// Bearer is the token that a client must show.
	Bearer string
	// Now is the clock of recent search, that of the world that is played; nil is
	// time.Now. Rate limits and keep-alives follow the real one.
	Now func() time.Time
	// KeepAlive is how often a connection that has nothing to say says so.
	KeepAlive time.Duration
	// SearchDelay is how far recent search ends before now; 0 finds every post.
	SearchDelay time.Duration
	// SearchWindow is how far recent search reaches back; 0 is to the first post
	// that is kept.
	SearchWindow time.Duration
	// Keep is how many posts are kept for search; the oldest go first.
	Keep int
	// Queue is how many posts may wait for a connected client.
	Queue int
	// Connects bounds the connections in 15 minutes; 0 does not.
	Connects int
	// Renamed gives fields the names of OpenAPI 2.167.
	Renamed bool
	// Logger receives what goes wrong inside; nil discards it.
	Logger *slog.Logger
}

// DefaultConfig behaves as X does, but for the bound of connections, on a free port
// of 127.0.0.1. Bearer is left to the caller.
func DefaultConfig() Config {
	return Config{
		Addr:         "127.0.0.1:0",
		KeepAlive:    20 * time.Second,
		SearchDelay:  30 * time.Second,
		SearchWindow: 7 * 24 * time.Hour,
		Keep:         200_000,
		Queue:        20_000,
	}
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	switch {
	case c.Addr == "":
		return errors.New("x: addr is empty: want host:port, such as 127.0.0.1:0")
	case c.Bearer == "":
		return errors.New("x: bearer is empty: want the token that a client must show")
	case c.KeepAlive <= 0:
		return fmt.Errorf("x: keep-alive %s: want more than 0", c.KeepAlive)
	case c.SearchDelay < 0:
		return fmt.Errorf("x: search delay %s: want 0 or more", c.SearchDelay)
	case c.SearchWindow < 0:
		return fmt.Errorf("x: search window %s: want 0 or more", c.SearchWindow)
	case c.Keep < 1:
		return fmt.Errorf("x: keep %d: want at least 1", c.Keep)
	case c.Queue < 1:
		return fmt.Errorf("x: queue %d: want at least 1", c.Queue)
	case c.Connects < 0:
		return fmt.Errorf("x: connects %d: want 0 or more", c.Connects)
	}
	return nil
}
