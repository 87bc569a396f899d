package kinesisd

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"cashtag/embedded/loopback"
)

const (
	readHeaderWithin = 5 * time.Second
	readWithin       = 30 * time.Second
	writeWithin      = time.Minute
	idleWithin       = 2 * time.Minute
	closeWithin      = 10 * time.Second
	// storeWithin bounds what one call may wait for JetStream.
	storeWithin = 10 * time.Second
	// maxBody fits 5 MiB of records in base64 with their JSON.
	maxBody = 10 << 20
	// callsAtOnce bounds the bodies in memory.
	callsAtOnce = 32
)

// Server is a running stand-in.
type Server struct {
	cfg     Config
	log     *slog.Logger
	streams *registry
	ops     map[string]operation
	faults  atomic.Pointer[Faults]
	calls   chan struct{}

	endpoint string
	stop     func()
	stopped  chan struct{}
}

// Start opens the streams that are in JetStream and serves; ctx bounds only the
// start. The caller closes the server before the connection of cfg.JetStream.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		cfg:     cfg,
		log:     cfg.Logger,
		streams: &registry{js: cfg.JetStream, maxBytes: cfg.MaxBytes, byName: map[string]*stream{}},
		calls:   make(chan struct{}, callsAtOnce),
		stopped: make(chan struct{}),
	}
	s.ops = s.operations()
	s.SetFaults(cfg.Faults)
	if err := s.streams.load(ctx); err != nil {
		return nil, err
	}
	l, err := loopback.Listen(ctx, "kinesis", cfg.Addr)
	if err != nil {
		return nil, err
	}
	s.endpoint = "http://" + l.Addr().String()
	s.serve(context.WithoutCancel(ctx), l)
	return s, nil
}

// serve answers on l until the server is closed. ctx has no end of its own.
func (s *Server) serve(ctx context.Context, l net.Listener) {
	hs := &http.Server{
		Handler:           s,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: readHeaderWithin,
		ReadTimeout:       readWithin,
		WriteTimeout:      writeWithin,
		IdleTimeout:       idleWithin,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	closing := make(chan struct{})
	s.stop = sync.OnceFunc(func() { close(closing) })
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := hs.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.ErrorContext(ctx, "kinesis stand-in stopped serving", "error", err)
		}
	}()
	go func() {
		defer close(s.stopped)
		<-closing
		ctx, cancel := context.WithTimeout(ctx, closeWithin)
		defer cancel()
		if err := hs.Shutdown(ctx); err != nil {
			s.log.WarnContext(ctx, "kinesis stand-in cut calls off", "error", err)
			_ = hs.Close()
		}
		// Serve closes the listener, also when it was called after Shutdown.
		<-served
	}()
}

// Endpoint is the URL of the service, for the SDK's BaseEndpoint.
func (s *Server) Endpoint() string { return s.endpoint }

// SetFaults replaces the failures from the next call on.
func (s *Server) SetFaults(f Faults) { s.faults.Store(&f) }

// Close stops listening, waits for the calls in hand and returns. What was
// stored stays stored. Calling it again does nothing.
func (s *Server) Close() {
	s.stop()
	<-s.stopped
}
