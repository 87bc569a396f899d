package stocks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/semaphore"
)

// What is read and not yet asked for is bounded by frames and bytes. Past either
// the connection is not read, and Alpaca cuts off who does not read.
const (
	waiting      = 1024
	waitingBytes = 16 << 20
)

// Why a connection ended.
var (
	errSilence = errors.New("alpaca does not answer: the connection is given up")
	errLetGo   = errors.New("closed by us")
)

// connection is one open websocket. Its frames are closed when it ends, and err
// says why.
type connection struct {
	ws     *websocket.Conn
	frames chan []byte         // who takes one calls took
	room   *semaphore.Weighted // bytes that may still wait
	stop   context.CancelCauseFunc
	err    error // after frames was closed

	subscribed channels
}

// dial connects, without authentication. The connection outlives ctx.
func dial(ctx context.Context, cfg Config) (*connection, error) {
	dialling, cancel := context.WithTimeout(ctx, cfg.Handshake)
	defer cancel()
	ws, res, err := websocket.Dial(dialling, cfg.StreamURL, &websocket.DialOptions{ //nolint:bodyclose // Dial closes it
		HTTPHeader: http.Header{"Content-Type": {"application/json"}, "User-Agent": {userAgent}},
	})
	if err != nil {
		if res != nil && res.StatusCode >= http.StatusBadRequest {
			return nil, statusError("alpaca's stream", res, true, time.Now())
		}
		return nil, fmt.Errorf("dial %s: %w", cfg.StreamURL, err)
	}
	ws.SetReadLimit(maxFrame)
	open, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	c := &connection{ws: ws, frames: make(chan []byte, waiting), room: semaphore.NewWeighted(waitingBytes), stop: stop}
	go c.read(open)
	go c.ping(open, cfg.PingEvery)
	return c, nil
}

// read passes frames on until the connection ends.
func (c *connection) read(ctx context.Context) {
	defer close(c.frames)
	for {
		_, frame, err := c.ws.Read(ctx)
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			c.err = fmt.Errorf("read alpaca's stream: %w", err)
			c.stop(err)
			return
		}
		if c.room.Acquire(ctx, int64(len(frame))) != nil {
			c.err = fmt.Errorf("read alpaca's stream: %w", context.Cause(ctx))
			return
		}
		select {
		case c.frames <- frame:
		case <-ctx.Done():
			c.err = fmt.Errorf("read alpaca's stream: %w", context.Cause(ctx))
			return
		}
	}
}

// took makes room where a frame was that was taken.
func (c *connection) took(frame []byte) { c.room.Release(int64(len(frame))) }

// ping gives the connection up once it does not answer.
func (c *connection) ping(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		answer, cancel := context.WithTimeout(ctx, every)
		err := c.ws.Ping(answer)
		cancel()
		if err != nil {
			c.stop(errSilence)
			return
		}
	}
}

// close lets go at once and waits until nothing reads any more.
func (c *connection) close() {
	c.stop(errLetGo)
	_ = c.ws.CloseNow()
	for range c.frames {
		continue // what waits is let go
	}
}

// say sends one message within the time of a handshake.
func (c *connection) say(ctx context.Context, a action, within time.Duration) error {
	body, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode %s: %w", a.Action, err)
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageText, body); err != nil {
		return fmt.Errorf("send %s: %w", a.Action, err)
	}
	return nil
}

// authenticate waits for the welcome, sends the keys and waits for their
// acceptance.
func (c *connection) authenticate(ctx context.Context, cfg Config, d *decoder) error {
	ctx, cancel := context.WithTimeout(ctx, cfg.Handshake)
	defer cancel()
	if err := c.expect(ctx, d, "connected", cfg.ConnectionWait); err != nil {
		return err
	}
	if err := c.say(ctx, action{Action: "auth", Key: cfg.Key, Secret: cfg.Secret}, cfg.Handshake); err != nil {
		return err
	}
	return c.expect(ctx, d, "authenticated", cfg.ConnectionWait)
}

// expect waits for a success of that name.
func (c *connection) expect(ctx context.Context, d *decoder, name string, wait time.Duration) error {
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until alpaca says %s: %w", name, context.Cause(ctx))
		case frame, open := <-c.frames:
			if !open {
				return c.err
			}
			c.took(frame)
			done, err := c.succeeded(frame, d, name, wait)
			if done || err != nil {
				return err
			}
		}
	}
}

func (c *connection) succeeded(frame []byte, d *decoder, name string, wait time.Duration) (done bool, err error) {
	_, bad := d.frame(frame, func(m *message) {
		switch {
		case m.kind == typeError:
			err = streamError(m.code, m.text, wait)
		case m.kind == typeSuccess && m.text == name:
			done = true
		}
	})
	if bad != nil {
		return false, fmt.Errorf("wait until alpaca says %s: %w", name, bad)
	}
	return done, err
}
