package bluesky

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"cashtag/streams/ingest"
)

// Check connects as cfg says and reads one frame. It says in one line what
// answered, or what is wrong and what to do. It waits cfg.Silence for the frame.
func Check(ctx context.Context, cfg Config) (string, error) {
	if cfg.Tickers == nil {
		cfg.Tickers = ingest.Fixed(nil)
	}
	s, err := New(cfg)
	if err != nil {
		return "", err
	}
	defer func() { _ = s.Close() }()
	began := s.cfg.Now()
	if s.link, err = s.connect(ctx, place{}); err != nil {
		return "", oneLine("bluesky", err)
	}
	in, packed := s.link.instance, s.link.packed
	for {
		select {
		case <-s.link.ready:
		case <-ctx.Done():
			return "", oneLine("bluesky "+in.base, ctx.Err())
		}
		h := s.link.take()
		if h.first > 0 || len(h.advices) > 0 {
			took := s.cfg.Now().Sub(began).Round(time.Millisecond)
			return fmt.Sprintf("bluesky %s: jetstream v%d, compressed %t, first frame after %s", in.base, in.version, packed, took), nil
		}
		if h.err != nil {
			return "", oneLine("bluesky "+in.base, h.err)
		}
	}
}

// oneLine puts what to do behind an error that is known.
func oneLine(what string, err error) error {
	text := strings.ReplaceAll(err.Error(), "\n", " ")
	var name *net.DNSError
	var refused *refusal
	todo := "check the network and the instances in the configuration"
	switch {
	case errors.As(err, &name):
		todo = "check the name of the instance and this machine's DNS"
	case errors.As(err, &refused):
		todo = "try another instance"
	case strings.Contains(text, "x509") || strings.Contains(text, "tls"):
		todo = "check this machine's certificates and clock"
	case strings.Contains(text, "connection refused"):
		todo = "check the address and that something listens there"
	case strings.Contains(text, "nothing arrived"):
		todo = "the instance is idle or stuck: try another"
	}
	return &checkError{line: what + ": " + text + ": " + todo, err: err}
}

// checkError is an error in one line.
type checkError struct {
	line string
	err  error
}

func (e *checkError) Error() string { return e.line }
func (e *checkError) Unwrap() error { return e.err }
