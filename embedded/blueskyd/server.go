package blueskyd

import (
	"context"
	"errors"
	"fmt"
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
	closeWithin      = 5 * time.Second

	pathV1           = "/subscribe"
	pathV2           = "/xrpc/network.bsky.jetstream.subscribeEvents"
	pathDictionary   = "/xrpc/network.bsky.jetstream.getZstdDictionary"
	pathDictionaryV1 = "/dictionary/v1"
)

// Server is a running stand-in.
type Server struct {
	cfg   Config
	log   *slog.Logger
	ring  *ring
	v1    *packer
	v2    *packer
	noise atomic.Int64

	faults faults
	subs   subscribers

	url  string
	stop func()
	done chan struct{}
}

// Start serves until Close; ctx bounds only the start.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, log: cfg.Logger, ring: newRing(cfg.Retain), done: make(chan struct{})}
	var err error
	if s.v1, err = newPacker(dictionaryV1); err != nil {
		return nil, fmt.Errorf("blueskyd: %w", err)
	}
	if s.v2, err = newPacker(dictionaryV2); err != nil {
		return nil, fmt.Errorf("blueskyd: %w", err)
	}
	l, err := loopback.Listen(ctx, "blueskyd", cfg.Addr)
	if err != nil {
		return nil, err
	}
	s.url = "ws://" + l.Addr().String()
	s.serve(context.WithoutCancel(ctx), l)
	return s, nil
}

func (s *Server) serve(ctx context.Context, l net.Listener) {
	ctx, cancel := context.WithCancel(ctx)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathV1, s.subscribeV1)
	mux.HandleFunc("GET "+pathV2, s.subscribeV2)
	mux.HandleFunc("GET "+pathDictionary, s.serveDictionary)
	mux.HandleFunc("GET "+pathDictionaryV1, func(w http.ResponseWriter, _ *http.Request) { s.writeDictionary(w, s.v1) })
	hs := &http.Server{
		Handler:           mux,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: readHeaderWithin,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := hs.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.ErrorContext(ctx, "bluesky stand-in stopped serving", "error", err)
		}
	}()
	s.stop = sync.OnceFunc(func() {
		defer close(s.done)
		// Websockets are no longer the HTTP server's: their context ends them.
		cancel()
		s.subs.wait()
		within, end := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer end()
		if hs.Shutdown(within) != nil {
			_ = hs.Close()
		}
		<-served
	})
}

// URL is the base of the instance, for either version: ws://host:port.
func (s *Server) URL() string { return s.url }

// DictionaryV1 is where v1's dictionary is served. The original's is no more than
// a file in a repository.
func (s *Server) DictionaryV1() string { return "http" + s.url[len("ws"):] + pathDictionaryV1 }

// Close ends all subscriptions and stops listening. Calling it again does nothing.
func (s *Server) Close() {
	s.stop()
	<-s.done
}
