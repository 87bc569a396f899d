package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"

	"cashtag/services/manager"
	"cashtag/streams"
	"cashtag/streams/ingest"
)

// runCommand runs services against an external NATS until it is interrupted.
type runCommand struct {
	FarEnds   `embed:""`
	liveFlags `embed:""`

	Services []string `arg:"" help:"Services to run: ${run_services}."`
	HTTP     string   `name:"http" env:"HTTP_ADDR" default:"127.0.0.1:8222" help:"Address of /healthz, /metrics and /status; empty for none."`
}

// Help implements kong.HelpProvider.
func (runCommand) Help() string {
	return `
The services are:

` + servicesHelp() + `
The streams must be there: cashtag streams apply. Each service connects as a user of its own name where NATS_PASSWORD_<SERVICE> is set. Exit code 1 when a service cannot go on; start it again when its reason is gone.

  cashtag run kinesis mongo --nats-url nats://nats:4222
  cashtag run manager counts bluesky stocks --tickers AAPL,MSFT
  MONGO_URI_FILE=/run/secrets/mongo_uri cashtag run mongo`
}

// Run implements the command.
func (c runCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	if err := checkNames(c.Services, runNames()); err != nil {
		return err
	}
	ends, err := c.FarEnds.resolve()
	if err != nil {
		return err
	}
	ctx, stop := interruptible(ctx, console)
	defer stop()
	live, notes, err := c.live(ctx)
	if err != nil || ctx.Err() != nil {
		return err
	}
	base := slog.NewJSONHandler(console.Err, &slog.HandlerOptions{Level: slog.LevelInfo})
	p, err := newPlatform(ctx, base, connection.open)
	if err != nil {
		return err
	}
	defer p.close(ctx)
	for _, note := range notes {
		p.logger.WarnContext(ctx, "source cannot be read yet", "reason", note)
	}
	started := startLean()
	if err := c.addServices(ctx, p, ends, live); err != nil {
		return err
	}
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := p.serveHTTP(running, c.HTTP); err != nil {
		return err
	}
	started()
	p.start(running)
	p.logger.InfoContext(ctx, "services started", "services", c.Services, "nats", connection.NATSURL)
	select {
	case <-ctx.Done():
	case <-p.anyEnded():
	}
	if err := p.end(ctx, cancel, p.logger); err != nil {
		return err
	}
	return p.failed()
}

// live is where the named sources read, once no vendor refuses our secrets; nothing
// where none is named.
func (c runCommand) live(ctx context.Context) (liveEnds, []string, error) {
	if !slices.ContainsFunc(c.Services, isSource) {
		return liveEnds{}, nil, nil
	}
	live, err := c.liveFlags.resolve(processEnvironment())
	if err != nil {
		return liveEnds{}, nil, err
	}
	if err := live.wanted(c.Services); err != nil {
		return liveEnds{}, nil, err
	}
	notes, err := live.admit(ctx, c.Services)
	return live, notes, err
}

func isSource(name string) bool { return slices.Contains(sourceNames(), name) }

// addServices adds what the command names. Sources read the real vendors; their
// manager may run elsewhere.
func (c runCommand) addServices(ctx context.Context, p *platform, ends farEnds, live liveEnds) error {
	if slices.ContainsFunc(c.Services, isSource) {
		if _, err := p.addSources(ctx, c.Services, live.sources()); err != nil {
			return err
		}
	}
	return p.addServices(ctx, slices.DeleteFunc(slices.Clone(c.Services), isSource), ends)
}

// wanted refuses a service that was named and cannot read.
func (e liveEnds) wanted(names []string) error {
	if slices.Contains(names, streams.ServiceTwitter) && e.twitter == nil {
		return usageError("twitter cannot run: %s is not set, nor %s_FILE", xToken, xToken)
	}
	return nil
}

// sources points the sources at the real vendors, by the wall clock.
func (e liveEnds) sources() sourceEnds {
	return sourceEnds{
		twitter: e.twitter, bluesky: e.bluesky, stocks: e.stocks, tickers: e.tickers,
		manager: manager.DefaultConfig(), clock: manager.Wall{}, hours: ingest.HoursSession,
	}
}

// interruptible ends the context at the first interrupt, and the program at the
// second.
func interruptible(ctx context.Context, console Console) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-console.Interrupts:
			cancel()
		case <-ctx.Done():
			return
		}
		<-console.Interrupts
		_, _ = fmt.Fprintln(console.Err, "cashtag: interrupted twice, work in hand is given up; nothing acknowledged is lost")
		os.Exit(exitInterrupted)
	}()
	return ctx, cancel
}
