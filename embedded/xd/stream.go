package xd

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// delivery is a post on its way to the client, with the rules that matched it.
type delivery struct {
	post  post
	rules []rule
	raw   []byte // instead of a post
}

// listener is the connected client.
type listener struct {
	again  []delivery // what comes first, once more
	queue  chan delivery
	slow   chan struct{} // closed when the queue was full
	full   bool
	broken bool
	cut    chan struct{} // closed when the connection is to break
	gone   chan struct{} // closed when the connection has ended
}

// offer queues a post that a rule matched. Where there is no room the client is
// too slow, and gets no more.
func (l *listener) offer(d delivery) {
	if l.full || (len(d.rules) == 0 && d.raw == nil) {
		return
	}
	select {
	case l.queue <- d:
	default:
		l.full = true
		close(l.slow)
	}
}

// takeoverWithin is how long a new connection waits for the end of the one before,
// which a client that left may not have noticed yet.
const takeoverWithin = time.Second

// connectWindow is what a bound of connections is of.
const connectWindow = 15 * time.Minute

// stream is GET /2/tweets/search/stream.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	fault := s.take(OnStream)
	if s.answered(w, fault) || s.limited(w) {
		return
	}
	l := s.attach(r.Context(), w, fault)
	if l == nil {
		return
	}
	defer s.detach(l)
	feed := &feed{
		server: s, listener: l, fault: fault, response: w,
		control: http.NewResponseController(w),
		fields:  wantedOf(r.URL.Query(), s.cfg.Renamed),
	}
	if err := feed.control.SetReadDeadline(time.Time{}); err != nil { // that of the request is for the request
		s.log.WarnContext(r.Context(), "x stand-in cannot lift a deadline", "error", err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	feed.run(r.Context())
}

// limited counts a connection, and answers 429 where it is one too many.
func (s *Server) limited(w http.ResponseWriter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.connects = slices.DeleteFunc(s.connects, func(at time.Time) bool { return now.Sub(at) >= connectWindow })
	if s.cfg.Connects > 0 && len(s.connects) >= s.cfg.Connects {
		refuseRate(w, s.connects[0].Add(connectWindow))
		return true
	}
	if s.cfg.Connects > 0 {
		s.connects = append(s.connects, now)
	}
	return false
}

// attach makes the caller the connected client, or answers why not.
func (s *Server) attach(ctx context.Context, w http.ResponseWriter, fault Fault) *listener {
	deadline := time.NewTimer(takeoverWithin)
	defer deadline.Stop()
	for {
		s.mu.Lock()
		switch {
		case len(s.rules) == 0:
			s.mu.Unlock()
			refuseNoRules(w)
			return nil
		case s.listener == nil:
			room := s.cfg.Queue
			if fault.Kind == Overflow {
				room = max(1, fault.Count)
			}
			l := &listener{
				queue: make(chan delivery, room),
				slow:  make(chan struct{}), cut: make(chan struct{}), gone: make(chan struct{}),
			}
			s.listener = l
			if fault.Kind == Repeat {
				l.again = s.last(cmp.Or(fault.Count, repeated))
			}
			s.accepted++
			close(s.arrived)
			s.mu.Unlock()
			return l
		}
		other := s.listener.gone
		s.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil
		case <-deadline.C:
			answer(w, http.StatusTooManyRequests, tooManyConnections())
			return nil
		}
	}
}

func (s *Server) detach(l *listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener, s.arrived = nil, make(chan struct{})
	close(l.gone)
}

func tooManyConnections() object {
	return object{
		"title": "ConnectionException", "connection_issue": "TooManyConnections",
		"detail": "This stream is currently at the maximum allowed connection limit.",
		"type":   "https://api.x.com/2/problems/streaming-connection",
	}
}

func operationalDisconnect(detail string) object {
	return object{"errors": []object{{
		"title": "operational-disconnect", "disconnect_type": "UpstreamOperationalDisconnect", "detail": detail,
		"type": "https://api.x.com/2/problems/operational-disconnect",
	}}}
}

// ended encodes a line with X's line end.
func ended(body object) ([]byte, error) {
	encoded, err := json.Marshal(body)
	return append(encoded, '\r', '\n'), err
}
