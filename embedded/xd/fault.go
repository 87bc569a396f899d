package xd

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Endpoint is what a fault strikes.
type Endpoint string

// The endpoints.
const (
	OnStream Endpoint = "stream"
	OnRules  Endpoint = "rules"
	OnSearch Endpoint = "search"
)

// Kind is how the stand-in fails.
type Kind string

// The kinds of fault. The first four answer a call of any endpoint with an error;
// the others are of a stream and strike after its first After posts.
const (
	Unauthorized Kind = "unauthorized" // 401
	NoRules      Kind = "no rules"     // 409
	RateLimited  Kind = "rate limited" // 429, with the reset in Wait from now
	Unavailable  Kind = "unavailable"  // 503

	Disconnect Kind = "disconnect" // operational-disconnect inside the stream, then its end
	TooMany    Kind = "too many"   // ConnectionException inside the stream, then its end
	Silent     Kind = "silent"     // nothing any more, no keep-alive either
	Cut        Kind = "cut"        // half of a line, then the end of the connection
	Malformed  Kind = "malformed"  // a line that is no post, then the rest
	Repeat     Kind = "repeat"     // the last Count posts before the connection come again
	Split      Kind = "split"      // lines come in chunks of Count bytes
	Joined     Kind = "joined"     // lines come Count at once, or after Wait
	Slow       Kind = "slow"       // Wait before each post
	Overflow   Kind = "overflow"   // no more than Count posts may wait: one more, and the client reads too slowly
)

// Fault is one failure.
type Fault struct {
	On    Endpoint // "" is the stream
	Kind  Kind
	After int
	Count int
	Wait  time.Duration
}

// struck is what faults are counted by.
type struck struct {
	on   Endpoint
	kind Kind
}

// Inject adds faults: each call of an endpoint takes the next one of its own.
func (s *Server) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fault := range faults {
		if fault.On == "" {
			fault.On = OnStream
		}
		s.faults = append(s.faults, fault)
	}
}

// Cut breaks the connection that is there, without a word.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil && !s.listener.broken {
		s.listener.broken = true
		close(s.listener.cut)
	}
}

// Send sends a line as it is to the connected client, where there is one.
func (s *Server) Send(line []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		s.listener.offer(delivery{raw: slices.Clone(line)})
	}
}

// Revoke makes the token one that is refused from now on. A connection that is
// there stays.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = true
}

// Faults is how many faults were not taken yet.
func (s *Server) Faults() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.faults)
}

// Struck is how often a fault of a kind struck an endpoint: one that was taken by a
// connection too short for it did not.
func (s *Server) Struck(on Endpoint, kind Kind) int {
	return s.struck.Struck(struck{on, kind})
}

func (s *Server) strike(f Fault) { s.struck.Strike(struck{f.On, f.Kind}) }

// take returns the next fault of an endpoint, one without a kind where there is
// none.
func (s *Server) take(on Endpoint) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f Fault) bool { return f.On == on })
	if i < 0 {
		return Fault{}
	}
	fault := s.faults[i]
	s.faults = slices.Delete(s.faults, i, i+1)
	return fault
}

// answered answers the call where the fault is one of an answer.
func (s *Server) answered(w http.ResponseWriter, f Fault) bool {
	switch f.Kind {
	case Unauthorized:
		refuse(w, http.StatusUnauthorized, "Unauthorized", "Unauthorized")
	case NoRules:
		refuseNoRules(w)
	case RateLimited:
		refuseRate(w, time.Now().Add(f.Wait))
	case Unavailable:
		refuse(w, http.StatusServiceUnavailable, "Service Unavailable", "Service Unavailable")
	default:
		return false
	}
	s.strike(f)
	return true
}

func refuse(w http.ResponseWriter, status int, title, detail string) {
	answer(w, status, object{"title": title, "detail": detail, "type": "about:blank", "status": status})
}

func refuseNoRules(w http.ResponseWriter) {
	answer(w, http.StatusConflict, object{
		"title":  "ConnectionException",
		"detail": "You must define rules.", "connection_issue": "RuleConfigurationIssue",
		"type": "https://api.x.com/2/problems/streaming-connection",
	})
}

// refuseRate answers 429. The header has whole seconds, the next one up.
func refuseRate(w http.ResponseWriter, reset time.Time) {
	w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(reset.Add(time.Second-1).Unix(), 10))
	w.Header().Set("X-Rate-Limit-Remaining", "0")
	refuse(w, http.StatusTooManyRequests, "Too Many Requests", "Too Many Requests")
}

// refuseParameter answers 400 and names the parameter.
func refuseParameter(w http.ResponseWriter, name, value, message string) {
	answer(w, http.StatusBadRequest, object{
		"errors": []object{{"parameters": map[string][]string{name: {value}}, "message": message}},
		"title":  "Invalid Request",
		"detail": "One or more parameters to your request was invalid.",
		"type":   "https://api.x.com/2/problems/invalid-request",
	})
}
