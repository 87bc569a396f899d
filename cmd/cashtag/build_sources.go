package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cashtag/schemas"
	"cashtag/services/api"
	"cashtag/services/bluesky"
	"cashtag/services/counts"
	"cashtag/services/manager"
	"cashtag/services/stocks"
	"cashtag/services/twitter"
	"cashtag/streams"
	"cashtag/streams/erase"
	"cashtag/streams/flag"
	"cashtag/streams/ingest"
	"cashtag/streams/setting"

	"github.com/oklog/ulid/v2"
)

// sourceEnds is what the sources read, and by whose clock. A nil source is not
// run.
type sourceEnds struct {
	twitter *twitter.Config
	bluesky *bluesky.Config
	stocks  *stocks.Config
	manager manager.Config
	clock   manager.Clock
	tickers []string // followed where the setting tickers is not set
	hours   string   // kept where the setting hours is not set
	settled func(events []schemas.Event)
}

// sources is what runs of them here.
type sources struct {
	ends    sourceEnds
	manager *manager.Manager
	tallies *counts.Service
	running []*source
}

// source is one that runs here.
type source struct {
	name   string
	runner *ingest.Runner
	follow ingest.Tickers
}

// addSources adds the named services of sourceNames, those that the others need
// first. A source without an end is passed over.
func (p *platform) addSources(ctx context.Context, names []string, ends sourceEnds) (*sources, error) {
	all := &sources{ends: ends}
	tokens := map[string]string{}
	named := func(name string) bool { return slices.Contains(names, name) }
	if ends.twitter != nil && named(streams.ServiceTwitter) {
		tokens[streams.ServiceTwitter] = schemas.PlatformX
	}
	if ends.bluesky != nil && named(streams.ServiceBluesky) {
		tokens[streams.ServiceBluesky] = schemas.PlatformBluesky
	}
	if ends.stocks != nil && named(streams.ServiceStocks) {
		tokens[streams.ServiceStocks] = feedOf(ends.stocks)
	}
	builders := map[string]func(context.Context, *service) error{
		streams.ServiceManager: func(_ context.Context, s *service) error { return p.buildManager(s, all) },
		streams.ServiceCounts:  func(_ context.Context, s *service) error { return p.buildCounts(s, all, tokens) },
		streams.ServiceTwitter: func(ctx context.Context, s *service) error { return p.buildTwitter(ctx, s, all) },
		streams.ServiceBluesky: func(ctx context.Context, s *service) error { return p.buildBluesky(ctx, s, all) },
		streams.ServiceStocks:  func(ctx context.Context, s *service) error { return p.buildStocks(ctx, s, all) },
	}
	for _, name := range sourceNames() {
		if !named(name) {
			continue
		}
		isSource := name != streams.ServiceManager && name != streams.ServiceCounts
		if isSource && tokens[name] == "" {
			continue
		}
		if err := p.add(ctx, name, builders[name]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// feedOf is the feed that a configuration reads: Cboe's without keys of Alpaca.
func feedOf(cfg *stocks.Config) string {
	if cfg.Key == "" {
		return schemas.FeedCboe
	}
	return schemas.FeedIEX
}

func (p *platform) buildManager(s *service, all *sources) error {
	override, err := p.flags.Choice(flag.Market)
	if err != nil {
		return err
	}
	all.manager, err = manager.New(all.ends.manager, all.ends.clock, override, s.publisher, s.logger)
	if err != nil {
		return err
	}
	s.run = all.manager.Run
	return nil
}

// buildCounts counts by the wall clock, whatever the world's: a count says what
// this process did.
func (p *platform) buildCounts(s *service, all *sources, tokens map[string]string) error {
	cfg := counts.Config{Source: schemas.ServiceSource(s.name), RunID: ulid.Make().String()}
	if schemas.IsDemo(all.ends.manager.Source) {
		cfg.Source = schemas.SourceDemoCounts
	}
	for _, name := range sourceNames() {
		if token := tokens[name]; token != "" {
			cfg.Sources = append(cfg.Sources, token)
		}
	}
	var err error
	if all.tallies, err = counts.New(cfg, manager.Wall{}, s.publisher, s.logger); err != nil {
		return err
	}
	s.run = all.tallies.Run
	return nil
}

// tally is what a source counts into; nothing where counts do not run here.
func (all *sources) tally(token string) ingest.Tally {
	if all.tallies != nil {
		if tally, ok := all.tallies.Tally(token); ok {
			return tally
		}
	}
	return ingest.Uncounted{}
}

func (p *platform) buildTwitter(ctx context.Context, s *service, all *sources) error {
	tally := all.tally(schemas.PlatformX)
	posts, err := erase.OpenPosts(ctx, s.client, schemas.PlatformX, all.ends.twitter.Source, 0)
	if err != nil {
		return err
	}
	return p.ingest(ctx, s, all, tally, posts.Amend, []string{"tweets." + schemas.PlatformX + ".>"}, func(tickers ingest.Tickers) (ingest.Source, error) {
		return twitter.New(*all.ends.twitter, tickers, tally, s.logger)
	})
}

func (p *platform) buildBluesky(ctx context.Context, s *service, all *sources) error {
	tally := all.tally(schemas.PlatformBluesky)
	posts, err := erase.OpenPosts(ctx, s.client, schemas.PlatformBluesky, all.ends.bluesky.Source, 0)
	if err != nil {
		return err
	}
	return p.ingest(ctx, s, all, tally, posts.Amend, []string{"tweets." + schemas.PlatformBluesky + ".>"}, func(tickers ingest.Tickers) (ingest.Source, error) {
		cfg := *all.ends.bluesky
		cfg.Tickers, cfg.Tally, cfg.Logger = tickers, tally, s.logger
		cfg.Known, cfg.Deleted = posts, posts.Deleted
		return bluesky.New(cfg)
	})
}

func (p *platform) buildStocks(ctx context.Context, s *service, all *sources) error {
	feed := feedOf(all.ends.stocks)
	tally := all.tally(feed)
	subjects := []string{
		"quotes." + feed + ".>",
		"market." + schemas.MICXNYS + ".symbol.*",
		"market." + schemas.MICXNYS + ".session." + schemas.SessionHalted,
		"market." + schemas.MICXNYS + ".session." + schemas.SessionResumed,
	}
	return p.ingest(ctx, s, all, tally, nil, subjects, func(tickers ingest.Tickers) (ingest.Source, error) {
		return stocks.New(*all.ends.stocks, tickers, tally, s.logger)
	})
}

// amender is what an engine may do to an event before it stores it: see
// ingest.Config.
type amender func(ctx context.Context, event schemas.Event) (schemas.Event, bool, error)

// ingest gives a service the engine that runs its source.
func (p *platform) ingest(ctx context.Context, s *service, all *sources, tally ingest.Tally, amend amender, subjects []string, open func(ingest.Tickers) (ingest.Source, error)) error {
	s.gate = p.flags.Gate(s.name, true)
	known := setting.DefaultConfig(all.ends.tickers...)
	known.Hours = all.ends.hours
	known.Sources = []string{streams.ServiceTwitter, streams.ServiceBluesky, streams.ServiceStocks}
	settings, err := setting.Open(ctx, s.client, s.logger, known)
	if err != nil {
		return fmt.Errorf("open settings: %w: `cashtag streams apply` creates the topology", err)
	}
	s.close = func(context.Context) { settings.Close() }
	hours, err := settings.Hours(s.name)
	if err != nil {
		return err
	}
	market, err := ingest.FollowMarket(ctx, s.client, s.name, s.logger)
	if err != nil {
		return fmt.Errorf("follow the market: %w", err)
	}
	s.close = func(context.Context) { market.Close(); settings.Close() }
	reads, err := open(settings.Tickers())
	if err != nil {
		return err
	}
	cfg := ingest.DefaultConfig(s.name, subjects...)
	cfg.Tally, cfg.Settled, cfg.Amend = tally, all.ends.settled, amend
	runner, err := ingest.New(s.client, s.publisher, reads, ingest.Gates{Flag: s.gate, Hours: hours, Market: market}, s.logger, cfg)
	if err != nil {
		return err
	}
	all.running = append(all.running, &source{name: s.name, runner: runner, follow: settings.Tickers()})
	s.source, s.run = runner, runner.Run
	return nil
}

// sources is where every source that runs here stands.
func (p *platform) sources() []api.Source {
	var all []api.Source
	for _, s := range p.services {
		if s.source == nil {
			continue
		}
		at := s.source.Stats()
		all = append(all, api.Source{
			Name: s.name, State: at.State, ForS: time.Since(at.Since).Seconds(),
			Seen: at.Seen, Accepted: at.Accepted, Duplicates: at.Duplicate, Malformed: at.Malformed,
			Reconnects: at.Reconnects, AgeS: at.LastEventAge.Seconds(), GapS: at.Gap.Seconds(), Error: at.LastError,
		})
	}
	return all
}
