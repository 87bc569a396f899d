package alpacad

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Config says where the stand-in listens and how it limits.
type Config struct {
	// Addr is the TCP address to listen on; port 0 takes any that is free.
	Addr string
	// Key and Secret are the only keys that are accepted.
	Key, Secret string
	// SymbolLimit is how many symbols trades and quotes of a connection may name.
	SymbolLimit int
	// Connections is how many may be authenticated at once.
	Connections int
	// AuthWithin is how long a connection may do without authentication.
	AuthWithin time.Duration
	// Queue is how many frames may wait for a client, and SlowAfter how long
	// Publish waits for room before the client is cut off as slow.
	Queue     int
	SlowAfter time.Duration
	// History is how many minute bars of a ticker are kept; the oldest go first.
	History int
	// RequestsPerMinute is how many REST calls are answered.
	RequestsPerMinute int
	// Now is the market's clock; nil is time.Now.
	Now func() time.Time
	// Logger receives what goes wrong inside; nil discards it.
	Logger *slog.Logger
}

// DefaultConfig listens on a free port of 127.0.0.1 with the limits of the free
// plan.
func DefaultConfig() Config {
	return Config{
		Addr:              "127.0.0.1:0",
		Key:               "alpacad-key",
		Secret:            "alpacad-secret",
		SymbolLimit:       30,
		Connections:       1,
		AuthWithin:        10 * time.Second,
		Queue:             1000,
		SlowAfter:         5 * time.Second,
		History:           5000,
		RequestsPerMinute: 200,
	}
}

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	if c.Key == "" || c.Secret == "" {
		return errors.New("key and secret: must be given")
	}
	for _, n := range []struct {
		name  string
		value int
	}{
		{"symbol limit", c.SymbolLimit},
		{"connections", c.Connections},
		{"queue", c.Queue},
		{"history", c.History},
		{"requests per minute", c.RequestsPerMinute},
	} {
		if n.value < 1 || n.value > 1_000_000 {
			return fmt.Errorf("%s is %d: must be from 1 to 1000000", n.name, n.value)
		}
	}
	if c.AuthWithin < time.Millisecond || c.SlowAfter < time.Millisecond {
		return fmt.Errorf("auth within is %s and slow after %s: must be at least 1ms", c.AuthWithin, c.SlowAfter)
	}
	return nil
}
