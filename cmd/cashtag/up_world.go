//go:build !external

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"cashtag/embedded/world"
	"cashtag/schemas"
	"cashtag/services/replay"
	"cashtag/streams"
	"cashtag/streams/ingest"
)

// up is everything that one `cashtag up` runs.
type up struct {
	command  upCommand
	settings settings
	title    string
	console  Console
	dir      *dataDir
	screen   *screen

	world     *standIns
	platform  *platform
	guard     *diskGuard
	market    *market // nil where the tape is played directly
	hear      atomic.Pointer[world.Player]
	player    interface{ Progress() replay.Progress } // nil where nothing is played
	endpoints []endpoint
	closing   sync.Once

	interrupted bool // the user ended it
}

// open starts the stand-ins, applies the topology and makes every service. Nothing
// is played yet.
func (u *up) open(ctx context.Context, reel replay.Tape) error {
	set, ends := u.settings, u.settings.ends
	var err error
	u.guard = newDiskGuard(u.dir.path, set.maxDisk)
	u.world, err = startStandIns(ctx, standInPlan{
		dir:      u.dir,
		natsPort: u.command.NATSPort,
		maxStore: set.maxDisk,
		mirror:   set.mirror(),
		kinesis:  set.has(streams.ServiceKinesis) && ends.kinesis.Endpoint == "",
		mongo:    set.has(streams.ServiceMongo) && ends.mongo.URI == "",
		s3:       ends.archive.Endpoint == "" && slices.ContainsFunc(servicesOfS3(), set.has),
		logger:   u.screen.serverLogger(),
	})
	if err != nil {
		return err
	}
	u.world.use(&ends)
	if err := u.applyTopology(ctx); err != nil {
		return err
	}
	if u.platform, err = newPlatform(ctx, u.screen.handler(), u.world.connect); err != nil {
		return err
	}
	u.platform.alone, u.platform.standing = true, u.world.ended
	var names []string
	for _, name := range set.names {
		if name != serviceReplay && !slices.Contains(sourceNames(), name) {
			names = append(names, name)
		}
	}
	if err := u.platform.addServices(ctx, names, ends); err != nil {
		return err
	}
	if err := u.addProducers(ctx, reel); err != nil {
		return err
	}
	http := "127.0.0.1:" + strconv.Itoa(u.command.HTTPPort)
	u.endpoints = u.world.endpoints(ends, "http://"+http+"/status")
	return u.world.writeEndpoints(u.dir, u.endpoints)
}

// applyTopology brings the embedded server's streams up to date. A smaller cap
// would lose data and is refused.
func (u *up) applyTopology(ctx context.Context) error {
	client, err := u.world.connect("")
	if err != nil {
		return err
	}
	defer client.Conn.Close()
	topology, err := streams.NewTopology(u.settings.size())
	if err != nil {
		return err
	}
	_, err = streams.Apply(ctx, client, topology, false)
	if errors.Is(err, streams.ErrWouldLose) {
		return fmt.Errorf("data directory %s: %w: was --max-disk larger before?", u.dir.path, err)
	}
	return err
}

// addProducers adds what feeds the streams: the sources, in front of the world that
// the tape is played to, or the tape's player alone.
func (u *up) addProducers(ctx context.Context, reel replay.Tape) error {
	switch u.settings.producer {
	case producerWorld:
		var err error
		if u.market, err = newMarket(reel); err != nil {
			return err
		}
		if err := u.market.start(ctx, u.market.configs(u.screen.serverLogger())); err != nil {
			return err
		}
		return u.addWorld(ctx, reel, u.market.ends())
	case producerLive:
		names := append([]string{streams.ServiceManager, streams.ServiceCounts}, u.settings.names...)
		_, err := u.platform.addSources(ctx, names, u.settings.live.sources())
		return err
	case producerDirect:
		return u.platform.add(ctx, serviceReplay, func(_ context.Context, s *service) error { return u.buildReplay(s, reel) })
	default:
		return nil
	}
}

// addWorld adds the sources, and who has the stand-ins say what the tape holds.
func (u *up) addWorld(ctx context.Context, tape replay.Tape, ends sourceEnds) error {
	ends.settled = func(events []schemas.Event) {
		if player := u.hear.Load(); player != nil {
			player.Settled(events)
		}
	}
	if u.command.Gate {
		ends.hours = ingest.HoursSession
	}
	all, err := u.platform.addSources(ctx, sourceNames(), ends)
	if err != nil {
		return err
	}
	return u.platform.add(ctx, serviceReplay, func(_ context.Context, s *service) error { return u.buildWorld(s, tape, all) })
}

func (u *up) buildReplay(s *service, reel replay.Tape) error {
	cfg := replay.DefaultConfig()
	cfg.Speed, cfg.Again = u.settings.speed, u.command.Again
	places := func(ctx context.Context, stream, source string) (string, error) {
		return streams.LastPlace(ctx, s.client, stream, source)
	}
	player, err := replay.New(reel, s.publisher, places, u.guard, s.logger, cfg)
	if err != nil {
		return err
	}
	u.player = player
	s.run = player.Run
	return nil
}

// close ends everything that open started.
func (u *up) close(ctx context.Context) {
	u.closing.Do(func() {
		if u.platform != nil {
			u.platform.close(ctx)
		}
		if u.market != nil {
			u.market.close()
		}
		if u.world != nil {
			u.world.close()
		}
	})
}

// servicesOfS3 are those that need the archive's bucket.
func servicesOfS3() []string {
	return []string{streams.ServiceArchive, streams.ServicePredictor, streams.ServiceAnalysis}
}
