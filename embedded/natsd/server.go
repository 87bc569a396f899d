package natsd

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	// readyWithin bounds a start: recovering large streams takes seconds.
	readyWithin = 2 * time.Minute
	// maxPayload is above the largest event and the largest Kinesis record.
	maxPayload = 4 << 20
	// maxMemory bounds what clients may keep in memory streams; ours use none.
	maxMemory = 256 << 20
	// responseExpires and responseMaxMsgs bound User.AllowResponses.
	responseExpires = 2 * time.Minute
	responseMaxMsgs = 1
)

// accountsConfig is in the server's own language, since an account's JetStream
// limits cannot be set through server.Options.
const accountsConfig = `accounts { ` + AccountCashtag + ` { jetstream: enabled }, ` + AccountKinesis + ` { jetstream: enabled } }`

// Server is a running nats-server.
type Server struct {
	srv       *server.Server
	lock      *flock.Flock
	passwords map[string]string
	stop      sync.Once
}

// Start starts a server and returns when it accepts connections. The caller
// closes it.
func Start(cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := checkPort(cfg); err != nil {
		return nil, err
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{lock: lock, passwords: map[string]string{localUser: rand.Text(), kinesisUser: rand.Text()}}
	if err := s.boot(cfg); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return s, nil
}

func (s *Server) boot(cfg Config) error {
	opts, err := s.options(cfg)
	if err != nil {
		return err
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return fmt.Errorf("configure nats server: %w", err)
	}
	log := &serverLog{log: cfg.Logger}
	if cfg.Logger == nil {
		log.log = slog.New(slog.DiscardHandler)
	}
	srv.SetLoggerV2(log, false, false, false)
	srv.Start()
	if err := log.fatalError(); err != nil || !srv.ReadyForConnections(readyWithin) {
		srv.Shutdown()
		srv.WaitForShutdown()
		if err == nil {
			err = fmt.Errorf("not ready after %s", readyWithin)
		}
		return fmt.Errorf("start nats server in %s: %w", cfg.Dir, err)
	}
	s.srv = srv
	return nil
}

func (s *Server) options(cfg Config) (*server.Options, error) {
	opts := &server.Options{}
	if err := opts.ProcessConfigString(accountsConfig); err != nil {
		return nil, fmt.Errorf("read nats accounts: %w", err)
	}
	accounts := map[string]*server.Account{}
	for _, a := range opts.Accounts {
		accounts[a.Name] = a
	}
	opts.ServerName = "cashtag"
	opts.Host, opts.Port = cfg.Host, cfg.Port
	opts.NoSigs = true
	opts.DisableJetStreamBanner = true
	opts.MaxPayload = maxPayload
	opts.JetStream = true
	opts.JetStreamMaxMemory, opts.JetStreamMaxStore = maxMemory, cfg.MaxStore
	opts.StoreDir, opts.SyncAlways = cfg.Dir, cfg.SyncAlways
	if cfg.loopback() {
		opts.NoAuthUser = localUser
	}
	opts.Users = []*server.User{
		{Username: localUser, Password: s.passwords[localUser], Account: accounts[AccountCashtag]},
		{Username: kinesisUser, Password: s.passwords[kinesisUser], Account: accounts[AccountKinesis]},
	}
	for _, u := range cfg.Users {
		s.passwords[u.Name] = u.Password
		opts.Users = append(opts.Users, &server.User{
			Username: u.Name, Password: u.Password, Permissions: permissions(u), Account: accounts[AccountCashtag],
		})
	}
	return opts, nil
}

func permissions(u User) *server.Permissions {
	var p server.Permissions
	if len(u.Publish) > 0 {
		p.Publish = &server.SubjectPermission{Allow: u.Publish}
		// Without an allow list the server would read this as "answers only".
		if u.AllowResponses {
			p.Response = &server.ResponsePermission{MaxMsgs: responseMaxMsgs, Expires: responseExpires}
		}
	}
	if len(u.Subscribe) > 0 {
		p.Subscribe = &server.SubjectPermission{Allow: u.Subscribe}
	}
	return &p
}

// ClientURL is the address that other processes connect to.
func (s *Server) ClientURL() string { return s.srv.ClientURL() }

// SyncAlways reports whether JetStream syncs before it acknowledges, as the
// running server says.
func (s *Server) SyncAlways() bool {
	js := s.srv.JetStreamConfig()
	return js != nil && js.SyncAlways
}

// Connect opens an in-process connection to CASHTAG with all rights.
func (s *Server) Connect(opts ...nats.Option) (*nats.Conn, error) {
	return s.ConnectAs(localUser, opts...)
}

// ConnectKinesis opens an in-process connection to KINESISD with all rights.
func (s *Server) ConnectKinesis(opts ...nats.Option) (*nats.Conn, error) {
	return s.ConnectAs(kinesisUser, opts...)
}

// ConnectAs opens an in-process connection with the rights of the named User.
func (s *Server) ConnectAs(name string, opts ...nats.Option) (*nats.Conn, error) {
	password, ok := s.passwords[name]
	if !ok {
		return nil, fmt.Errorf("connect to nats as %q: no such user", name)
	}
	nc, err := nats.Connect(s.ClientURL(), append([]nats.Option{
		nats.InProcessServer(s.srv), nats.UserInfo(name, password), nats.Name(name),
	}, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to nats as %q: %w", name, err)
	}
	return nc, nil
}

// Close stops the server and returns when its files are closed. Calling it
// again does nothing.
func (s *Server) Close() {
	s.stop.Do(func() {
		s.srv.Shutdown()
		s.srv.WaitForShutdown()
		// The file stays: removing it would let two servers lock two files.
		_ = s.lock.Unlock()
	})
}

// checkPort fails before anything is opened, with an error a user can act on;
// the server itself would only log it.
func checkPort(cfg Config) error {
	if cfg.Port == -1 {
		return nil
	}
	addr, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port)))
	if err != nil {
		return fmt.Errorf("nats: host %q: want an address of this machine: %w", cfg.Host, err)
	}
	l, err := net.ListenTCP("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("nats: port %d on %s is in use: stop what listens there or choose another with --nats-port", cfg.Port, cfg.Host)
	case err != nil:
		return fmt.Errorf("nats: cannot listen on port %d of %s: choose another with --nats-port: %w", cfg.Port, cfg.Host, err)
	}
	return l.Close()
}

func lockDir(dir string) (*flock.Flock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("nats: cannot create %s: choose a directory you may write to: %w", dir, err)
	}
	lock := flock.New(filepath.Join(dir, "natsd.lock"))
	locked, err := lock.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("nats: cannot write in %s: choose a directory you may write to: %w", dir, err)
	case !locked:
		return nil, fmt.Errorf("nats: %s is in use by another server: stop it or choose another directory", dir)
	}
	return lock, nil
}
