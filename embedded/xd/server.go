package xd

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"cashtag/embedded/fault"
	"cashtag/embedded/loopback"
)

const (
	readHeaderWithin = 5 * time.Second
	readWithin       = 30 * time.Second
	writeWithin      = 30 * time.Second
	idleWithin       = 2 * time.Minute
	closeWithin      = 5 * time.Second
)

// Server is a running stand-in.
type Server struct {
	cfg Config
	log *slog.Logger
	url string

	struck fault.Counts[struck]

	mu       sync.Mutex
	rules    []rule
	ruleIDs  uint64
	kept     posts
	listener *listener // the connected client
	arrived  chan struct{}
	connects []time.Time // of the last 15 minutes
	accepted int
	faults   []Fault
	revoked  bool

	closing chan struct{}
	stop    func()
	stopped chan struct{}
}

// Start serves; ctx bounds only the start.
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
	l, err := loopback.Listen(ctx, "x", cfg.Addr)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg:     cfg,
		log:     cfg.Logger,
		url:     "http://" + l.Addr().String(),
		kept:    posts{most: cfg.Keep},
		arrived: make(chan struct{}),
		closing: make(chan struct{}),
		stopped: make(chan struct{}),
	}
	s.serve(context.WithoutCancel(ctx), l)
	return s, nil
}

// serve answers on l until the server is closed. ctx has no end of its own.
func (s *Server) serve(ctx context.Context, l net.Listener) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2/tweets/search/stream", s.stream)
	mux.HandleFunc("GET /2/tweets/search/stream/rules", s.listRules)
	mux.HandleFunc("POST /2/tweets/search/stream/rules", s.changeRules)
	mux.HandleFunc("GET /2/tweets/search/recent", s.search)
	hs := &http.Server{
		Handler:           s.authorized(mux),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: readHeaderWithin,
		ReadTimeout:       readWithin,
		IdleTimeout:       idleWithin,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.stop = sync.OnceFunc(func() { close(s.closing) })
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := hs.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.ErrorContext(ctx, "x stand-in stopped serving", "error", err)
		}
	}()
	go func() {
		defer close(s.stopped)
		<-s.closing
		ctx, cancel := context.WithTimeout(ctx, closeWithin)
		defer cancel()
		if err := hs.Shutdown(ctx); err != nil {
			s.log.WarnContext(ctx, "x stand-in cut calls off", "error", err)
			_ = hs.Close()
		}
		<-served
	}()
}

// URL is the base URL of the API.
func (s *Server) URL() string { return s.url }

// Close ends the stream, waits for the calls in hand and returns. Calling it again
// does nothing.
func (s *Server) Close() {
	s.stop()
	<-s.stopped
}

// Connects is how many streams were opened so far.
func (s *Server) Connects() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// Connections is how many clients are connected: 0 or 1.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil || s.listener.broken {
		return 0
	}
	return 1
}

// Await waits until a client is connected or ctx ends: what is published before
// can be found by recent search alone.
func (s *Server) Await(ctx context.Context) error {
	for {
		s.mu.Lock()
		arrived, connected := s.arrived, s.listener != nil
		s.mu.Unlock()
		if connected {
			return nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return fmt.Errorf("x: await a client: %w", ctx.Err())
		}
	}
}

// authorized lets nobody in without the token.
func (s *Server) authorized(next http.Handler) http.Handler {
	want := []byte("Bearer " + s.cfg.Bearer)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		revoked := s.revoked
		s.mu.Unlock()
		if revoked || subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1 {
			refuse(w, http.StatusUnauthorized, "Unauthorized", "Unauthorized")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// answer writes one JSON answer. A client that is gone does not get it.
func answer(w http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(encoded)
}
