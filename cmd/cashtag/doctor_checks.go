package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"cashtag/services/archive"
	"cashtag/services/bluesky"
	"cashtag/services/kinesis"
	"cashtag/services/mongo"
	"cashtag/services/stocks"
	"cashtag/services/twitter"
	"cashtag/streams"

	"github.com/nats-io/nats.go"
)

// checks lists what is tried, in the order in which it is needed.
func (c doctorCommand) checks(connection *Connection) ([]check, error) {
	live, err := c.liveFlags.resolve(processEnvironment())
	if err != nil {
		return nil, err
	}
	far, err := c.FarEnds.resolve()
	if err != nil {
		return nil, err
	}
	list := []check{checkX(live.twitter)}
	list = append(list, checkBluesky(*live.bluesky)...)
	list = append(list, checkStocks(*live.stocks)...)
	list = append(list, checkNATS(connection), checkMongo(far.mongo))
	list = append(list, c.checkKinesis(far.kinesis)...)
	return append(list, c.checkS3(far.archive)), nil
}

func checkX(cfg *twitter.Config) check {
	if cfg == nil {
		return check{name: "x", address: twitter.BaseURL, says: xToken + " is not set, nor " + xToken + "_FILE: X is not read"}
	}
	return check{name: "x", address: cfg.BaseURL, run: func(ctx context.Context) (string, error) {
		says, err := twitter.Check(ctx, *cfg)
		return strings.TrimPrefix(says, "x "+cfg.BaseURL+": "), err
	}}
}

// checkBluesky tries each instance alone: any of them may be the next.
func checkBluesky(cfg bluesky.Config) []check {
	var list []check
	for _, instance := range slices.Concat(cfg.V2, cfg.V1) {
		if slices.ContainsFunc(list, func(c check) bool { return c.address == instance }) {
			continue
		}
		only := func(s string) bool { return s != instance }
		alone := cfg
		alone.V2 = slices.DeleteFunc(slices.Clone(cfg.V2), only)
		alone.V1 = slices.DeleteFunc(slices.Clone(cfg.V1), only)
		list = append(list, check{name: "bluesky", address: instance, run: func(ctx context.Context) (string, error) {
			says, err := bluesky.Check(ctx, alone)
			return strings.TrimPrefix(says, "bluesky "+instance+": "), err
		}})
	}
	return list
}

func checkStocks(cfg stocks.Config) []check {
	var list []check
	if cfg.Key == "" {
		list = append(list, check{name: "alpaca", address: cfg.StreamURL, says: alpacaKey + " and " + alpacaSecret + " are not set: quotes are Cboe's, about 15 minutes late"})
	}
	for _, each := range stocks.Checks(cfg) {
		list = append(list, check{name: each.Name, address: each.URL, run: func(ctx context.Context) (string, error) {
			return "answers, and what was read can be decoded", each.Run(ctx)
		}})
	}
	return list
}

// checkNATS takes a server that does not run at the default address for one that
// nobody wanted.
func checkNATS(connection *Connection) check {
	return check{name: "nats", address: connection.NATSURL, run: func(ctx context.Context) (string, error) {
		client, err := connection.open("")
		if errors.Is(err, nats.ErrNoServers) && connection.NATSURL == nats.DefaultURL {
			return "", fmt.Errorf("%w: nothing runs there; `cashtag up` starts one, --nats-url names another", errNotConfigured)
		}
		if err != nil {
			return "", err
		}
		defer client.Conn.Close()
		stream, err := client.JS.Stream(ctx, streams.Tweets)
		if err != nil {
			return "", outcome(ctx, fmt.Errorf("read stream %s: %w", streams.Tweets, err))
		}
		return fmt.Sprintf("stream %s holds %d messages", streams.Tweets, stream.CachedInfo().State.Msgs), nil
	}}
}

func checkMongo(cfg mongo.Config) check {
	if cfg.URI == "" {
		return check{name: "mongodb", says: "--mongo-uri, MONGO_URI and MONGO_URI_FILE are not set"}
	}
	return check{name: "mongodb", run: func(ctx context.Context) (says string, err error) {
		store, err := mongo.Open(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, store.Close(context.WithoutCancel(ctx))) }()
		return "the server answers and takes the user", store.Ping(ctx)
	}}
}

// checkKinesis tries each Kinesis stream. Amazon's count as configured where a
// region is given.
func (c doctorCommand) checkKinesis(cfg kinesis.Config) []check {
	if c.KinesisEndpoint == "" && c.AWSRegion == "" {
		return []check{{name: "kinesis", says: "neither --kinesis-endpoint nor --aws-region is given"}}
	}
	var list []check
	for _, stream := range []string{streams.Tweets, streams.Quotes} {
		list = append(list, check{name: "kinesis " + cfg.Streams[stream], address: cfg.Endpoint, run: func(ctx context.Context) (string, error) {
			api, err := kinesis.NewClient(ctx, cfg)
			if err != nil {
				return "", err
			}
			sink, err := kinesis.New(api, cfg, stream, slog.New(slog.DiscardHandler))
			if err != nil {
				return "", err
			}
			return "the stream is active", sink.Ensure(ctx)
		}})
	}
	return list
}

func (c doctorCommand) checkS3(cfg archive.Config) check {
	if c.S3Endpoint == "" && c.AWSRegion == "" {
		return check{name: "s3", says: "neither --s3-endpoint nor --aws-region is given"}
	}
	return check{name: "s3 " + cfg.Bucket, address: cfg.Endpoint, run: func(ctx context.Context) (string, error) {
		store, err := archive.NewStore(ctx, cfg)
		if err != nil {
			return "", err
		}
		return "the bucket is there", store.Ensure(ctx)
	}}
}
