// Package api serves what a running Cashtag says of itself over HTTP:
//
//	GET /healthz   200 and "ok" while every service runs, else 503 and the reason
//	GET /metrics   Prometheus metrics: messages and lag of each consumer
//	GET /status    the same figures as JSON
//
// It reads only, keeps nothing, and listens where it is told: on loopback unless
// the operator says otherwise.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Stream is where one stream stands.
type Stream struct {
	Name     string `json:"name"`
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
}

// Consumer is where one consumer stands.
type Consumer struct {
	Service     string  `json:"service"`
	Stream      string  `json:"stream"`
	State       string  `json:"state"`
	On          bool    `json:"on"` // its flag
	Stored      uint64  `json:"stored"`
	Pending     uint64  `json:"pending"`
	Redelivered uint64  `json:"redelivered"`
	Retries     uint64  `json:"retries"`
	Buried      uint64  `json:"buried"`
	Missing     uint64  `json:"missing"`
	LagS        float64 `json:"lag_s"` // age of the newest stored message while others wait, else 0
}

// Source is where one source stands in this process.
type Source struct {
	Name       string  `json:"name"`
	State      string  `json:"state"`
	ForS       float64 `json:"for_s"` // how long it is in that state
	Seen       uint64  `json:"seen"`
	Accepted   uint64  `json:"accepted"`
	Duplicates uint64  `json:"duplicates"`
	Malformed  uint64  `json:"malformed"`
	Reconnects uint64  `json:"reconnects"`
	AgeS       float64 `json:"age_s"` // since the newest event arrived, 0 before the first
	GapS       float64 `json:"gap_s"` // event time missed by the last reconnect
	Error      string  `json:"error,omitempty"`
}

// Status is what a process says of itself.
type Status struct {
	Streams   []Stream   `json:"streams"`
	Consumers []Consumer `json:"consumers"`
	Sources   []Source   `json:"sources,omitempty"`
}

// Reporter knows where things stand.
type Reporter interface {
	// Status asks the servers.
	Status(ctx context.Context) (Status, error)
	// Healthy returns why the process is not well, or nil.
	Healthy(ctx context.Context) error
}

// The bounds of one request.
const (
	headerTimeout = 5 * time.Second
	answerTimeout = 15 * time.Second
	askTimeout    = 10 * time.Second
)

// Server serves one Reporter.
type Server struct {
	listener net.Listener
	http     http.Server
	logger   *slog.Logger
}

// Listen binds addr, so that a busy port is an error before anything runs.
func Listen(ctx context.Context, addr string, reporter Reporter, logger *slog.Logger) (*Server, error) {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("http: listen on %s: %w", addr, err)
	}
	s := &Server{listener: listener, logger: logger}
	s.http = http.Server{Handler: handler(reporter), ReadHeaderTimeout: headerTimeout, WriteTimeout: answerTimeout}
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = s.http.Close() })
	defer stop()
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("http: %w", err)
	}
	return nil
}

func handler(reporter Reporter) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collector{reporter})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if err := reporter.Healthy(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n")) // the client went away
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		status, err := reporter.Status(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(status) // the client went away
	})
	return mux
}
