package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"cashtag/services/api"
	"cashtag/streams"
)

var _ api.Reporter = (*platform)(nil)

// serveHTTP serves health, metrics and status on addr until ctx ends; "" serves
// nothing.
func (p *platform) serveHTTP(ctx context.Context, addr string) error {
	if addr == "" {
		return nil
	}
	server, err := api.Listen(ctx, addr, p, p.logger)
	if err != nil {
		return addressHint(err, addr, "--http-port or HTTP_ADDR")
	}
	p.working.Go(func() {
		if err := server.Run(ctx); err != nil {
			p.logger.ErrorContext(ctx, "http server ended", "error", err)
		}
	})
	return nil
}

// Status implements api.Reporter.
func (p *platform) Status(ctx context.Context) (api.Status, error) {
	all, err := p.gather(ctx)
	if err != nil {
		return api.Status{}, err
	}
	var status api.Status
	for _, name := range streams.StreamNames() {
		stream := all.Streams[name]
		status.Streams = append(status.Streams, api.Stream{Name: name, Messages: stream.Messages, Bytes: stream.Bytes})
	}
	for _, reader := range p.readers() {
		consumer, activity := all.Consumers[reader.consumer.Key()], reader.activity()
		row := api.Consumer{
			Service: reader.consumer.Service, Stream: reader.consumer.Stream,
			State: activity.State, On: !p.paused(reader.consumer.Owner()),
			Stored: consumer.Stored, Pending: consumer.Pending, Redelivered: consumer.Redelivered,
			Retries: activity.Retries, Buried: consumer.Buried, Missing: consumer.missing,
		}
		if consumer.Pending > 0 && !activity.StoredAt.IsZero() {
			row.LagS = time.Since(activity.StoredAt).Seconds()
		}
		status.Consumers = append(status.Consumers, row)
	}
	status.Sources = p.sources()
	return status, nil
}

// Healthy implements api.Reporter.
func (p *platform) Healthy(context.Context) error { return p.failed() }

// addressHint adds to an error about an address how to choose another.
func addressHint(err error, addr, flag string) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("address %s is in use: end what listens there, or choose another with %s", addr, flag)
	}
	return err
}
