//go:build !external

package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"cashtag/embedded/alpacad"
	"cashtag/embedded/blueskyd"
	"cashtag/embedded/xd"
	"cashtag/internal/demo"
	"cashtag/schemas"
	"cashtag/services/bluesky"
	"cashtag/services/stocks"
	"cashtag/services/twitter"
	"cashtag/streams/ingest"
)

const (
	// sourceNoise is how many events of Bluesky, most of them posts, come before one
	// that names a ticker.
	sourceNoise = 63
	// sourceNamed is how many posts of Bluesky name one; with the others they fit
	// what the stand-in holds.
	sourceNamed = 200
	// sourceBatch is how many events are published at once.
	sourceBatch = 500
)

// sourceDay is what the sources read: the demo's day, by vendor.
type sourceDay struct {
	tickers        []string
	x, sky, quotes []schemas.Event
	now            time.Time
}

func newSourceDay() (*sourceDay, error) {
	made, err := demo.New()
	if err != nil {
		return nil, err
	}
	day := &sourceDay{tickers: made.Tickers()}
	for event, err := range made.Events() {
		if err != nil {
			return nil, err
		}
		switch data := event.Data.(type) {
		case *schemas.Tweet:
			if data.Platform == schemas.PlatformX {
				day.x = append(day.x, event)
			} else if len(day.sky) < sourceNamed {
				day.sky = append(day.sky, event)
			}
		case *schemas.Quote:
			day.quotes = append(day.quotes, event)
			day.now = event.Time
		}
	}
	return day, nil
}

func (d *sourceDay) clock() time.Time { return d.now }

func (d *sourceDay) xConfig() twitter.Config {
	cfg := twitter.DefaultConfig()
	cfg.Bearer, cfg.Source = "bench", schemas.SourceDemoX
	cfg.Lang, cfg.Retweets = "", true
	cfg.DailyReads, cfg.MonthlyReads, cfg.GapReads = 0, 0, 0
	return cfg
}

func (d *sourceDay) skyConfig() bluesky.Config {
	cfg := bluesky.DefaultConfig()
	cfg.Source, cfg.Tickers, cfg.FromOldest = schemas.SourceDemoBluesky, ingest.Fixed(d.tickers), true
	return cfg
}

func (d *sourceDay) stocksConfig() stocks.Config {
	cfg, far := stocks.DefaultConfig(), alpacad.DefaultConfig()
	cfg.Key, cfg.Secret, cfg.Source = far.Key, far.Secret, schemas.SourceDemoIEX
	cfg.Daily, cfg.Now = false, d.clock
	return cfg
}

// paths records what the vendors send, and lists what is measured.
func (d *sourceDay) paths(ctx context.Context) ([]sourcePath, error) {
	posts, err := d.recordX(ctx)
	if err != nil {
		return nil, fmt.Errorf("record x: %w", err)
	}
	frames, err := d.recordBluesky(ctx)
	if err != nil {
		return nil, fmt.Errorf("record bluesky: %w", err)
	}
	bars, err := d.recordAlpaca(ctx)
	if err != nil {
		return nil, fmt.Errorf("record alpaca: %w", err)
	}
	return []sourcePath{
		{"x decode", d.decodeX(posts)},
		{"bluesky decode", d.decodeBluesky(frames)},
		{"alpaca decode", d.decodeAlpaca(bars)},
		{"x client", d.readX},
		{"bluesky client", func(ctx context.Context) (int, error) { return len(frames), d.readBluesky(ctx) }},
		{"alpaca client", d.readAlpaca},
	}, nil
}

func (d *sourceDay) decodeX(lines [][]byte) func(context.Context) (int, error) {
	decoder := twitter.NewDecoder(d.xConfig(), d.tickers)
	return func(ctx context.Context) (int, error) {
		for _, line := range lines {
			if _, err := decoder.Decode(line); err != nil {
				return 0, err
			}
		}
		return len(lines), ctx.Err()
	}
}

func (d *sourceDay) decodeBluesky(frames [][]byte) func(context.Context) (int, error) {
	decoder := bluesky.NewDecoder(d.skyConfig())
	return func(ctx context.Context) (int, error) {
		for _, frame := range frames {
			if _, err := decoder.Decode(bluesky.V2, frame); err != nil {
				return 0, err
			}
		}
		return len(frames), ctx.Err()
	}
}

func (d *sourceDay) decodeAlpaca(frames [][]byte) func(context.Context) (int, error) {
	decoder := stocks.NewDecoder(d.stocksConfig(), d.tickers)
	return func(ctx context.Context) (messages int, err error) {
		for _, frame := range frames {
			events, err := decoder.Decode(ctx, frame)
			if err != nil {
				return 0, err
			}
			messages += len(events)
		}
		return messages, ctx.Err()
	}
}

// readX reads the day's posts through a stand-in and a client of their own.
func (d *sourceDay) readX(ctx context.Context) (int, error) {
	server, err := d.startX(ctx)
	if err != nil {
		return 0, err
	}
	defer server.Close()
	cfg := d.xConfig()
	cfg.BaseURL = server.URL()
	source, err := twitter.New(cfg, ingest.Fixed(d.tickers), ingest.Uncounted{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	return readAll(ctx, source, len(d.x), func(ctx context.Context) error {
		if err := server.Await(ctx); err != nil {
			return err
		}
		return inBatches(d.x, server.Publish)
	})
}

func (d *sourceDay) startX(ctx context.Context) (*xd.Server, error) {
	cfg := xd.DefaultConfig()
	cfg.Bearer, cfg.Now = "bench", d.clock
	return xd.Start(ctx, cfg)
}

// readBluesky reads all that a stand-in holds.
func (d *sourceDay) readBluesky(ctx context.Context) error {
	server, err := d.startBluesky(ctx)
	if err != nil {
		return err
	}
	defer server.Close()
	cfg := d.skyConfig()
	cfg.V2, cfg.V1 = []string{server.URL()}, nil
	source, err := bluesky.New(cfg)
	if err != nil {
		return err
	}
	_, err = readAll(ctx, source, len(d.sky), func(context.Context) error { return nil })
	return err
}

// startBluesky starts a stand-in that holds the posts, with noise before each.
func (d *sourceDay) startBluesky(ctx context.Context) (*blueskyd.Server, error) {
	server, err := blueskyd.Start(ctx, blueskyd.DefaultConfig())
	if err != nil {
		return nil, err
	}
	for _, post := range d.sky {
		err := server.Noise(sourceNoise)
		if err == nil {
			err = server.Publish(post)
		}
		if err != nil {
			server.Close()
			return nil, err
		}
	}
	return server, nil
}

// readAlpaca reads the day's bars through a stand-in and a client of their own.
func (d *sourceDay) readAlpaca(ctx context.Context) (n int, err error) {
	server, err := d.startAlpaca(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = server.Close() }()
	cfg := d.stocksConfig()
	cfg.StreamURL, cfg.DataURL = server.StreamURL(), server.URL()
	source, err := stocks.NewAlpaca(cfg, ingest.Fixed(d.tickers), ingest.Uncounted{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	return readAll(ctx, source, len(d.quotes), func(ctx context.Context) error {
		if err := server.Subscribed(ctx, d.tickers...); err != nil {
			return err
		}
		return inBatches(d.quotes, server.Publish)
	})
}

func (d *sourceDay) startAlpaca(ctx context.Context) (*alpacad.Server, error) {
	cfg := alpacad.DefaultConfig()
	cfg.Now = d.clock
	return alpacad.Start(ctx, cfg)
}
