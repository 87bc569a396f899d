package alpacad

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"cashtag/embedded/fault"

	"github.com/coder/websocket"
)

// maxRequest bounds what a client says at once, in bytes.
const maxRequest = 1 << 20

// client is one websocket.
type client struct {
	server *Server
	ws     *websocket.Conn
	codec  codec
	queue  chan []byte
	gone   chan struct{} // closed by end
	end    func()

	mu            sync.Mutex // guards what follows
	authenticated bool
	silent        bool
	channels      map[string]map[string]bool // channel, symbol
}

// stream serves /v2/{feed}.
func (s *Server) stream(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	c := &client{
		server: s, queue: make(chan []byte, s.cfg.Queue), gone: make(chan struct{}),
		codec:    codec{msgpack: strings.Contains(r.Header.Get("Content-Type"), "msgpack")},
		channels: map[string]map[string]bool{},
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true,
		OnPingReceived:     func(context.Context, []byte) bool { return !c.isSilent() },
	})
	if err != nil {
		return // Accept has answered
	}
	ws.SetReadLimit(maxRequest)
	c.ws = ws
	c.end = sync.OnceFunc(func() {
		close(c.gone)
		_ = ws.CloseNow()
		s.leave(c)
	})
	s.enter(c)
	defer c.end()
	go c.write(ctx)
	c.send(success("connected"))
	if r.Header.Get(keyHeader) != "" {
		c.authenticate(r.PathValue("feed"), r.Header.Get(keyHeader), r.Header.Get(secretHeader))
	}
	timer := time.AfterFunc(s.cfg.AuthWithin, func() {
		if !c.isAuthenticated() {
			c.fail(404, "auth timeout", true)
		}
	})
	defer timer.Stop()
	c.read(ctx, r.PathValue("feed"))
}

func (s *Server) enter(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients[c] = true
	s.signal()
}

func (s *Server) leave(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, c)
	s.signal()
}

func (c *client) read(ctx context.Context, feed string) {
	for {
		_, frame, err := c.ws.Read(ctx)
		if err != nil {
			return
		}
		if c.isSilent() {
			continue
		}
		var req request
		if err := c.codec.decode(frame, &req); err != nil {
			c.fail(400, "invalid syntax", false)
			continue
		}
		switch req.Action {
		case "auth":
			c.authenticate(feed, req.Key, req.Secret)
		case "subscribe", "unsubscribe":
			c.subscribe(req)
		default:
			c.fail(400, "invalid syntax", false)
		}
	}
}

func (c *client) write(ctx context.Context) {
	kind := websocket.MessageText
	if c.codec.msgpack {
		kind = websocket.MessageBinary
	}
	for {
		select {
		case <-c.gone:
			return
		case frame := <-c.queue:
			if frame == nil { // the last one
				_ = c.ws.Close(websocket.StatusNormalClosure, "")
				c.end()
				return
			}
			if c.isSilent() {
				continue
			}
			writing, cancel := context.WithTimeout(ctx, writeWithin)
			err := c.say(writing, kind, frame)
			cancel()
			if err != nil {
				c.end()
				return
			}
		}
	}
}

// say writes a frame, in pieces where that is scripted.
func (c *client) say(ctx context.Context, kind websocket.MessageType, frame []byte) error {
	n := c.server.fragment()
	if n <= 0 || n >= len(frame) {
		return c.ws.Write(ctx, kind, frame)
	}
	c.server.faults.struck.Strike(Fragmented)
	return fault.WriteSplit(ctx, c.ws, kind, frame, n)
}

// fail states an error, and closes where it is the last word.
func (c *client) fail(code int, text string, last bool) {
	c.server.faults.struck.Strike(Said(code))
	c.send(failure(code, text))
	if last {
		c.put(nil)
	}
}

// send queues messages as one frame.
func (c *client) send(messages ...message) {
	frame, err := c.codec.encode(messages)
	if err != nil {
		return // the messages are our own
	}
	c.put(frame)
}

// put queues a frame, or cuts the client off that does not read.
func (c *client) put(frame []byte) {
	timer := time.NewTimer(c.server.cfg.SlowAfter)
	defer timer.Stop()
	select {
	case c.queue <- frame:
	case <-c.gone:
	case <-timer.C:
		c.end()
	}
}

func (c *client) authenticate(feed, key, secret string) {
	s := c.server
	s.mu.Lock()
	others := 0
	for other := range s.clients {
		if other != c && other.isAuthenticated() {
			others++
		}
	}
	refused := s.faults.refuse || key != s.cfg.Key || secret != s.cfg.Secret
	repeat := min(s.faults.repeat, len(s.recent))
	code, text := 0, ""
	switch {
	case c.isAuthenticated():
		code, text = 403, "already authenticated"
	case refused:
		code, text = 402, "auth failed"
	case feed != "iex" && feed != "test":
		code, text = 409, "insufficient subscription"
	case others >= s.cfg.Connections:
		code, text = 406, "connection limit exceeded"
	default:
		c.mu.Lock()
		c.authenticated = true
		c.mu.Unlock()
		s.faults.repeat = 0
		if repeat > 0 {
			s.faults.struck.Strike(Repeated)
		}
	}
	again := slices.Clone(s.recent[len(s.recent)-repeat:])
	s.mu.Unlock()
	if code != 0 {
		c.fail(code, text, false)
	} else {
		c.send(success("authenticated"))
	}
	if code == 0 && len(again) > 0 {
		c.mu.Lock()
		messages := make([]message, len(again))
		for i, it := range again {
			messages[i] = it.message
		}
		c.mu.Unlock()
		c.send(messages...)
	}
}

// offer queues what the client is subscribed to.
func (c *client) offer(items []item) {
	var messages []message
	c.mu.Lock()
	for _, it := range items {
		if c.has(it.channel, it.symbol) {
			messages = append(messages, it.message)
		}
	}
	c.mu.Unlock()
	if len(messages) == 0 {
		return
	}
	frame, err := c.codec.encode(messages)
	if err != nil {
		return
	}
	timer := time.NewTimer(c.server.cfg.SlowAfter)
	defer timer.Stop()
	select {
	case c.queue <- frame:
	case <-c.gone:
	case <-timer.C:
		c.slow()
	}
}

// slow cuts off a client that does not read: what waits for it is dropped, and
// the complaint is all that it still gets.
func (c *client) slow() {
	for {
		select {
		case <-c.queue:
			continue
		default:
		}
		break
	}
	c.fail(407, "slow client", true)
}

func (c *client) isAuthenticated() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.authenticated
}

func (c *client) isSilent() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.silent
}
