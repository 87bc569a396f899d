// Package loopback opens the TCP listeners of the stand-ins, and says in one line
// what to do where that fails.
//
// It does not choose addresses: each stand-in has its own default, which is a port
// of 127.0.0.1.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// Listen listens on a TCP address; port 0 takes any that is free. The name is who
// listens, for the error. ctx bounds only the call.
func Listen(ctx context.Context, name, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s: %s is in use: stop what listens there or choose another address", name, addr)
	case err != nil:
		return nil, fmt.Errorf("%s: cannot listen on %s: choose another address: %w", name, addr, err)
	}
	return l, nil
}
