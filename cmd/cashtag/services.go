package main

import (
	"context"
	"fmt"
	"strings"

	"cashtag/streams"
)

// recipe is one service that this program can run: its name, what it does in a few
// words, and how it is made.
type recipe struct {
	name, does string
	build      func(ctx context.Context, p *platform, s *service, ends farEnds) error
}

// plain is a recipe that needs no far end.
func plain(build func(*platform, context.Context, *service) error) func(context.Context, *platform, *service, farEnds) error {
	return func(ctx context.Context, p *platform, s *service, _ farEnds) error { return build(p, ctx, s) }
}

// recipes lists the services that read the streams, in the order they start.
// Whatever stands here can be run, is listed by --help, and needs a container in
// docker-compose.yml.
func recipes() []recipe {
	return []recipe{
		{streams.ServiceKinesis, "mirrors posts and quotes to Kinesis", func(ctx context.Context, p *platform, s *service, ends farEnds) error {
			return p.buildKinesis(ctx, s, ends.kinesis)
		}},
		{streams.ServiceMongo, "keeps every event in MongoDB", func(ctx context.Context, p *platform, s *service, ends farEnds) error {
			return p.buildMongo(ctx, s, ends.mongo)
		}},
		{streams.ServiceArchive, "keeps every stream in S3, in blocks", func(ctx context.Context, p *platform, s *service, ends farEnds) error {
			return p.buildArchive(ctx, s, ends.archive)
		}},
		{streams.ServiceSentiment, "scores posts, by the scorers of the setting scorer", plain((*platform).buildSentiment)},
		{streams.ServiceFeatures, "makes vectors of posts, scores and bars, by window", plain((*platform).buildFeatures)},
		{streams.ServiceEraser, "takes deleted posts out of the streams", plain((*platform).buildEraser)},
		{streams.ServiceAlerts, "watches the vectors for tickers that stand out", func(_ context.Context, p *platform, s *service, ends farEnds) error {
			return p.buildAlerts(s, ends.watch.alerts)
		}},
		{streams.ServicePredictor, "predicts from vectors with the promoted models, which it reads from S3", func(ctx context.Context, p *platform, s *service, ends farEnds) error {
			return p.buildPredictor(ctx, s, ends.archive)
		}},
		{streams.ServiceAnalysis, "trains models again after the market's close; needs --retrain", func(ctx context.Context, p *platform, s *service, ends farEnds) error {
			return p.buildAnalysis(ctx, s, ends.archive, ends.retrain)
		}},
		{streams.ServiceOutcomes, "joins predictions with what happened", func(_ context.Context, p *platform, s *service, ends farEnds) error {
			return p.buildOutcomes(s, ends.watch.outcomes)
		}},
	}
}

// addServices adds the named services with their far ends.
func (p *platform) addServices(ctx context.Context, names []string, ends farEnds) error {
	builders := make(map[string]recipe)
	for _, each := range recipes() {
		builders[each.name] = each
	}
	for _, name := range names {
		build := func(ctx context.Context, s *service) error { return builders[name].build(ctx, p, s, ends) }
		if err := p.add(ctx, name, build); err != nil {
			return err
		}
	}
	return nil
}

// serviceNames lists the services that read the streams, in the order they start.
func serviceNames() []string {
	names := make([]string, 0, len(recipes()))
	for _, each := range recipes() {
		names = append(names, each.name)
	}
	return names
}

// sourceOffers lists the services that feed the streams, with what they do. They go
// together: a source without the market's manager would never open.
func sourceOffers() [][2]string {
	return [][2]string{
		{streams.ServiceManager, "states what the market does: one must run for the sources to read"},
		{streams.ServiceCounts, "counts what the sources of the same process saw"},
		{streams.ServiceTwitter, "reads X; needs X_BEARER_TOKEN"},
		{streams.ServiceBluesky, "reads Bluesky"},
		{streams.ServiceStocks, "reads quotes of Alpaca where its keys are set, else Cboe's delayed ones"},
	}
}

// sourceNames lists the services of sourceOffers.
func sourceNames() []string {
	names := make([]string, 0, len(sourceOffers()))
	for _, offer := range sourceOffers() {
		names = append(names, offer[0])
	}
	return names
}

// runNames lists every service that `cashtag run` can run.
func runNames() []string { return append(serviceNames(), sourceNames()...) }

// servicesHelp lists them with what they do, one a line.
func servicesHelp() string {
	var text strings.Builder
	for _, each := range recipes() {
		fmt.Fprintf(&text, "  %-10s %s\n", each.name, each.does)
	}
	for _, offer := range sourceOffers() {
		fmt.Fprintf(&text, "  %-10s %s\n", offer[0], offer[1])
	}
	return text.String()
}
