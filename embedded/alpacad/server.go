package alpacad

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"cashtag/embedded/loopback"
	"cashtag/schemas"

	"golang.org/x/time/rate"
)

const (
	readHeaderWithin = 5 * time.Second
	writeWithin      = 10 * time.Second
	// batch is how many messages a frame holds at most.
	batch = 500
)

// Server is a running stand-in.
type Server struct {
	cfg     Config
	log     *slog.Logger
	address string
	history *history
	pace    *rate.Limiter

	mu      sync.Mutex
	clients map[*client]bool
	changed chan struct{} // closed when clients or their subscriptions change
	faults  faults
	recent  []item // what was published last, for repeating

	publishing sync.Mutex // keeps the order of concurrent calls of Publish
	stop       context.CancelFunc
	stopped    chan struct{}
}

// Start serves until Close; ctx bounds only the start.
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
	l, err := loopback.Listen(ctx, "alpaca", cfg.Addr)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, log: cfg.Logger,
		address: l.Addr().String(),
		history: &history{limit: cfg.History, tickers: map[string]*past{}},
		pace:    rate.NewLimiter(rate.Every(time.Minute/time.Duration(cfg.RequestsPerMinute)), cfg.RequestsPerMinute),
		clients: map[*client]bool{},
		changed: make(chan struct{}),
		stopped: make(chan struct{}),
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	go s.serve(serving, l)
	return s, nil
}

func (s *Server) serve(ctx context.Context, l net.Listener) {
	defer close(s.stopped)
	hs := &http.Server{
		Handler:           s.routes(ctx),
		ReadHeaderTimeout: readHeaderWithin,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := hs.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.ErrorContext(ctx, "alpaca stand-in stopped serving", "error", err)
		}
	}()
	<-ctx.Done()
	s.Cut()
	_ = hs.Close() // nobody is owed an answer any more
	<-served
}

// Close cuts all connections and waits until nothing runs any more.
func (s *Server) Close() error {
	s.stop()
	<-s.stopped
	return nil
}

// URL is the base of the REST paths, Alpaca's and Cboe's alike.
func (s *Server) URL() string { return "http://" + s.address }

// StreamURL is the websocket of the feed iex.
func (s *Server) StreamURL() string { return "ws://" + s.address + "/v2/iex" }

// Publish sends events, in order, to who is subscribed to them, and keeps them for
// REST. It waits up to Config.SlowAfter for a client that reads slowly. An event
// that Alpaca cannot say is an error, and nothing of the call is sent.
func (s *Server) Publish(events ...schemas.Event) error {
	items := make([]item, 0, len(events))
	for _, event := range events {
		it, err := translate(event)
		if err != nil {
			return err
		}
		items = append(items, it)
	}
	s.publishing.Lock()
	defer s.publishing.Unlock()
	for _, it := range items {
		s.history.add(it)
	}
	for len(items) > 0 {
		n := min(len(items), batch)
		for _, c := range s.remember(items[:n]) {
			c.offer(items[:n])
		}
		items = items[n:]
	}
	return nil
}

// maxRecent bounds what can be repeated.
const maxRecent = 1000

// remember keeps items for repeating and returns the clients of this moment.
func (s *Server) remember(items []item) []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent = append(s.recent, items...)
	if over := len(s.recent) - maxRecent; over > 0 {
		s.recent = append([]item(nil), s.recent[over:]...)
	}
	clients := make([]*client, 0, len(s.clients))
	for c := range s.clients {
		clients = append(clients, c)
	}
	return clients
}

// Subscribed waits until a client is subscribed to all of the symbols' bars,
// trades, quotes or statuses: to one of the channels at least, for each symbol.
func (s *Server) Subscribed(ctx context.Context, symbols ...string) error {
	for {
		s.mu.Lock()
		changed := s.changed
		for c := range s.clients {
			if c.follows(symbols) {
				s.mu.Unlock()
				return nil
			}
		}
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for a subscriber of %v: %w", symbols, ctx.Err())
		}
	}
}

// Listeners is how many clients are subscribed to something.
func (s *Server) Listeners() int {
	n := 0
	for _, c := range s.all() {
		if c.follows(nil) {
			n++
		}
	}
	return n
}

// signal wakes who waits for a change. The caller holds mu.
func (s *Server) signal() {
	close(s.changed)
	s.changed = make(chan struct{})
}
