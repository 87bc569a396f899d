package main

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// shutdownTimeout is how long the services may finish the work in hand.
const shutdownTimeout = 10 * time.Second

var errNotEnded = errors.New("services did not end in time")

// end stops the services by cancel and waits for the work in hand.
func (p *platform) end(ctx context.Context, cancel context.CancelFunc, logger *slog.Logger) error {
	cancel()
	ended := make(chan struct{})
	go func() {
		p.working.Wait()
		close(ended)
	}()
	timer := time.NewTimer(shutdownTimeout)
	defer timer.Stop()
	select {
	case <-ended:
		return nil
	case <-timer.C:
		logger.ErrorContext(ctx, "services did not end in time", "waited", shutdownTimeout)
		return errNotEnded
	}
}
