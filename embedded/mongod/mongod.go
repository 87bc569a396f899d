// Package mongod is a MongoDB stand-in: FerretDB on SQLite files, run as a
// child process. Any MongoDB driver talks to it over the real wire protocol.
//
// What is promised:
//   - It listens on a loopback address and nowhere else: no debug port, no
//     telemetry.
//   - What was acknowledged is in a SQLite file, written with a sync of the
//     disk for every commit: it survives a kill -9 of the child, and a later
//     Start on the same directory serves it again.
//   - A collection or an index that a kill left half made is undone at the
//     next start, before FerretDB would stumble over it; nothing in it was
//     ever acknowledged.
//   - A document is found, updated and deleted by its _id through an index,
//     from a second or so after its collection was made. FerretDB alone scans
//     the collection, because its index on _id is not of the form that its
//     queries ask for.
//   - One process at a time owns the directory.
//
// What FerretDB 1.24 does not do: transactions, change streams, time series,
// expiry, partial and text indexes, validators, pipeline updates, bulk writes
// across collections, and most aggregation beyond $match, $group with $sum,
// $sort, $limit, $project, $set, $unwind and $count. Two defects to work
// around: a bulk of 100 or more updates of existing documents hangs, and one
// request to create several indexes that exist ends the connection (create
// them one by one).
//
// A program that starts it lists Child in its child.Main.
package mongod

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"cashtag/embedded/child"
)

// DefaultAddr is any free port of the loopback address.
const DefaultAddr = "127.0.0.1:0"

// childName tells this child from others of the same program.
const childName = "mongod"

// Config says where a server lives.
type Config struct {
	// Dir holds the database files; it is made if it is missing.
	Dir string
	// Addr is the loopback address to listen on; port 0 means any free port.
	Addr string
	// Logger receives what the server logs; nil drops it.
	Logger *slog.Logger
}

// DefaultConfig listens on any free port; Dir is for the caller to set.
func DefaultConfig() Config { return Config{Addr: DefaultAddr} }

// Validate says which field is wrong, and what is allowed.
func (c Config) Validate() error {
	if c.Dir == "" {
		return fmt.Errorf("mongod: Dir is %q, want a directory for the database files", c.Dir)
	}
	if err := child.CheckLoopback(c.Addr); err != nil {
		return fmt.Errorf("mongod: Addr is %q, want a loopback host and port: %w", c.Addr, err)
	}
	return nil
}

// settings are what the child is told.
type settings struct {
	Dir  string `json:"dir"`
	Addr string `json:"addr"`
}

// Server is a running stand-in.
type Server struct{ process *child.Process }

// Start runs a server and returns when it serves. ctx bounds the start alone.
// An empty Addr means DefaultAddr.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Addr == "" {
		cfg.Addr = DefaultAddr
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("mongod: find directory %s: %w", cfg.Dir, err)
	}
	process, err := child.Start(ctx, childName, settings{Dir: dir, Addr: cfg.Addr}, child.Options{Logger: cfg.Logger})
	if err != nil {
		return nil, err
	}
	return &Server{process: process}, nil
}

// URI is the connection string for a driver, such as mongodb://127.0.0.1:40123/.
func (s *Server) URI() string { return "mongodb://" + s.process.Addr() + "/" }

// Pid is the process id of the server.
func (s *Server) Pid() int { return s.process.Pid() }

// Done is closed when the server has ended.
func (s *Server) Done() <-chan struct{} { return s.process.Done() }

// Err says why the server ended, nil while it runs and after a clean Close.
func (s *Server) Err() error { return s.process.Err() }

// Close stops the server. Clients that are still connected get three seconds.
func (s *Server) Close() error { return s.process.Close() }
