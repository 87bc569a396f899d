package blueskyd

import (
	"fmt"
	"log/slog"
	"time"
)

const maxRetain = 1 << 20

// Config says where the stand-in listens and how much it holds.
type Config struct {
	// Addr is the TCP address to listen on; port 0 takes any that is free.
	Addr string
	// Retain is how many frames are held for cursors that lie back.
	Retain int
	// Ping is how often an idle subscriber is pinged.
	Ping time.Duration
	// WriteWithin is how long a subscriber may take to read one frame.
	WriteWithin time.Duration
	// Logger receives what goes wrong inside; nil discards it.
	Logger *slog.Logger
}

// DefaultConfig listens on a free port of 127.0.0.1 and holds 16,384 frames, about
// 15 MB of posts.
func DefaultConfig() Config {
	return Config{Addr: "127.0.0.1:0", Retain: 16384, Ping: 30 * time.Second, WriteWithin: 5 * time.Second}
}

// Validate returns an error that names the first field that cannot be.
func (c Config) Validate() error {
	switch {
	case c.Addr == "":
		return fmt.Errorf("blueskyd: addr is %q: want an address such as 127.0.0.1:0", c.Addr)
	case c.Retain < 1 || c.Retain > maxRetain:
		return fmt.Errorf("blueskyd: retain is %d: want 1 to %d", c.Retain, maxRetain)
	case c.Ping <= 0:
		return fmt.Errorf("blueskyd: ping is %s: want more than 0s", c.Ping)
	case c.WriteWithin <= 0:
		return fmt.Errorf("blueskyd: write_within is %s: want more than 0s", c.WriteWithin)
	}
	return nil
}
