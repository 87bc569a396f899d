// Package s3d is an S3 stand-in: the Versity gateway on plain files, run as a
// child process. Any S3 client talks to it over the real protocol, with
// signatures checked; it addresses buckets by path.
//
// What is promised:
//   - It listens on a loopback address and nowhere else: no web page, no
//     metrics, no access log.
//   - A wrong checksum is refused; ranges, multipart uploads, If-None-Match,
//     tags and listings work as on S3.
//   - An object appears whole, with its checksum, or not at all. Once
//     acknowledged it survives a kill -9 of the child, and a later Start on
//     the same directory serves it again; its data was synced to the disk.
//   - A bucket that a kill left half made is undone at the next start, so that
//     it can be made again.
//   - One process at a time owns the directory.
//
// Objects are files under Dir/objects, with what else S3 knows of them in
// extended attributes, or in files under Dir/metadata where the file system
// has no such attributes.
//
// It does not keep versions of objects, and it has one user.
//
// A program that starts it lists Child in its child.Main.
package s3d

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"

	"cashtag/embedded/child"
)

// Defaults of Config.
const (
	DefaultAddr   = "127.0.0.1:0"
	DefaultRegion = "us-east-1"
)

// childName tells this child from others of the same program.
const childName = "s3d"

// Config says where a server lives and who may use it.
type Config struct {
	// Dir holds the objects; it is made if it is missing.
	Dir string
	// Addr is the loopback address to listen on; port 0 means any free port.
	Addr string
	// Region is the one that clients sign for.
	Region string
	// AccessKey and SecretKey are the one user's; both are made up if both
	// are empty.
	AccessKey, SecretKey string
	// Logger receives what the server logs; nil drops it.
	Logger *slog.Logger
}

// DefaultConfig listens on any free port and makes up its keys; Dir is for the
// caller to set.
func DefaultConfig() Config { return Config{Addr: DefaultAddr, Region: DefaultRegion} }

// Validate says which field is wrong, and what is allowed.
func (c Config) Validate() error {
	if c.Dir == "" {
		return fmt.Errorf("s3d: Dir is %q, want a directory for the objects", c.Dir)
	}
	if err := child.CheckLoopback(c.Addr); err != nil {
		return fmt.Errorf("s3d: Addr is %q, want a loopback host and port: %w", c.Addr, err)
	}
	if c.Region == "" {
		return fmt.Errorf("s3d: Region is %q, want a name such as %s", c.Region, DefaultRegion)
	}
	if (c.AccessKey == "") != (c.SecretKey == "") {
		return fmt.Errorf("s3d: AccessKey is %q and SecretKey has %d characters, want both or neither",
			c.AccessKey, len(c.SecretKey))
	}
	return nil
}

// settings are what the child is told.
type settings struct {
	Dir       string `json:"dir"`
	Addr      string `json:"addr"`
	Region    string `json:"region"`
	AccessKey string `json:"access_key"`
	SecretKey string `json:"secret_key"`
}

// Credentials are the keys of the one user.
type Credentials struct {
	AccessKey, SecretKey string
}

// Server is a running stand-in.
type Server struct {
	process     *child.Process
	region      string
	credentials Credentials
}

// Start runs a server and returns when it serves. ctx bounds the start alone.
// An empty Addr or Region means its default.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Addr == "" {
		cfg.Addr = DefaultAddr
	}
	if cfg.Region == "" {
		cfg.Region = DefaultRegion
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.AccessKey == "" {
		cfg.AccessKey, cfg.SecretKey = rand.Text(), rand.Text()
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("s3d: find directory %s: %w", cfg.Dir, err)
	}
	process, err := child.Start(ctx, childName, settings{
		Dir:       dir,
		Addr:      cfg.Addr,
		Region:    cfg.Region,
		AccessKey: cfg.AccessKey,
		SecretKey: cfg.SecretKey,
	}, child.Options{Logger: cfg.Logger})
	if err != nil {
		return nil, err
	}
	return &Server{
		process:     process,
		region:      cfg.Region,
		credentials: Credentials{AccessKey: cfg.AccessKey, SecretKey: cfg.SecretKey},
	}, nil
}

// Endpoint is the base URL for a client, such as http://127.0.0.1:40123.
func (s *Server) Endpoint() string { return "http://" + s.process.Addr() }

// Region is the region that clients sign for.
func (s *Server) Region() string { return s.region }

// Credentials are the keys that clients sign with.
func (s *Server) Credentials() Credentials { return s.credentials }

// Pid is the process id of the server.
func (s *Server) Pid() int { return s.process.Pid() }

// Done is closed when the server has ended.
func (s *Server) Done() <-chan struct{} { return s.process.Done() }

// Err says why the server ended, nil while it runs and after a clean Close.
func (s *Server) Err() error { return s.process.Err() }

// Close stops the server. Requests in hand, and connections that have not sent
// their first one, get two seconds.
func (s *Server) Close() error { return s.process.Close() }
