package main

import (
	"context"
	"errors"
	"fmt"

	"cashtag/streams"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// errInterrupted is why a command ended before it was done.
var errInterrupted = errors.New("interrupted")

// operate connects as the operator and calls do with a context that ends at the
// user's first Ctrl-C. At the second one it does not wait for do any longer.
func operate(
	ctx context.Context, console Console, connection *Connection, do func(ctx context.Context, client *streams.Client) error,
) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan error, 1)
	go func() { done <- connection.with(ctx, do) }()
	for {
		select {
		case err := <-done:
			return outcome(ctx, err)
		case <-console.Interrupts:
			if ctx.Err() != nil {
				return exitError{exitInterrupted, errInterrupted.Error()}
			}
			cancel(errInterrupted)
		}
	}
}

// outcome turns what a command returned into what the user is told.
func outcome(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errInterrupted):
		return exitError{exitInterrupted, err.Error()}
	case errors.Is(context.Cause(ctx), errInterrupted):
		return exitError{exitInterrupted, errInterrupted.Error()}
	case errors.Is(err, jetstream.ErrBucketNotFound), errors.Is(err, jetstream.ErrStreamNotFound):
		return fmt.Errorf("%w: `cashtag streams apply` creates what is missing", err)
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return fmt.Errorf("%w: start nats-server with JetStream, or name another server by --nats-url", err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fmt.Errorf("%w: the server does not answer", err)
	}
	return err
}
