package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cashtag/internal/tape"
	"cashtag/schemas"
	"cashtag/services/features"
	"cashtag/services/features/dataset"
	"cashtag/services/sentiment"
)

type datasetCommand struct {
	Build datasetBuildCommand `cmd:"" help:"Make a table of features and labels from a tape, the streams or the archive."`
}

type datasetBuildCommand struct {
	datasetArchive `embed:""`

	From   string   `enum:"tape,streams,archive" default:"tape" help:"Where the events come from: tape, streams or archive."`
	Tape   string   `type:"path" placeholder:"DIR" help:"The tape, for --from tape: a directory in the layout of StockNet, or of *.ndjson files of events."`
	Cutoff string   `enum:"16:00,09:30" default:"16:00" help:"What a row knows: all up to the close before the session (16:00), or up to its open (09:30), New York time."`
	Out    string   `type:"path" required:"" placeholder:"DIR" help:"Directory to write dataset.csv, dataset.parquet and dataset.json to. It must not be there."`
	Format []string `default:"parquet,csv" help:"The files to write: parquet, csv."`
	Scorer string   `default:"cdipaolo" help:"Who scores the posts."`
	Until  string   `placeholder:"DATE" help:"The last session to make rows of, such as 2014-07-15: what comes after stays unseen by a model that is trained on them."`
}

// Help implements kong.HelpProvider.
func (datasetBuildCommand) Help() string {
	return `
One row per ticker and session. Columns called label_ are what happened after the cut-off; columns called audit_ are for leak checks and never for a model. Nothing is written unless all of it is.

  cashtag dataset build --tape stocknet --cutoff 16:00 --out close
  cashtag dataset build --from streams --cutoff 09:30 --out open --format csv`
}

// Run builds a data set.
func (c datasetBuildCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	for _, format := range c.Format {
		if !slices.Contains([]string{"parquet", "csv"}, format) {
			return usageError("--format is %q: must be parquet, csv or both", strings.Join(c.Format, ","))
		}
	}
	if (c.From == "tape") != (c.Tape != "") {
		return usageError("--tape DIR goes with --from tape, and with nothing else")
	}
	if _, err := time.Parse(time.DateOnly, c.Until); err != nil && c.Until != "" {
		return usageError("--until is %q: must be a date such as 2014-07-15", c.Until)
	}
	if _, err := os.Lstat(c.Out); err == nil {
		return usageError("%s is there already: remove it, or name another with --out", c.Out)
	}
	ctx, stop := interruptible(ctx, console)
	defer stop()
	notes := newAsides(console)
	builder, scorer, err := c.builder(ctx)
	if err != nil {
		return err
	}
	source, err := c.feed(ctx, connection, builder, notes)
	if err != nil {
		if ctx.Err() != nil {
			return exitError{exitInterrupted, errInterrupted.Error()}
		}
		return err
	}
	table, err := c.table(builder)
	if err != nil {
		return fmt.Errorf("data set from %s: %w: nothing was written", source, err)
	}
	if err := writeDataset(c.Out, c.Format, newDatasetFile(table, source)); err != nil {
		return err
	}
	stats := builder.Stats()
	_, err = fmt.Fprintf(console.Out, "%s: %d rows of %d features, %s to %s, from %d posts and %d bars, scored by %s\n", c.Out,
		len(table.Rows), len(table.Names), table.Rows[0].Date, table.Rows[len(table.Rows)-1].Date, stats.Posts, stats.Bars, scorer)
	if stats.TooLate+stats.Refused > 0 {
		notes.say("%d events came too late for any window, %d were beyond what is kept", stats.TooLate, stats.Refused)
	}
	return err
}

// table is what was built, up to the last session that is wanted.
func (c datasetBuildCommand) table(builder *dataset.Builder) (*dataset.Table, error) {
	table, err := builder.Table()
	if err != nil || c.Until == "" {
		return table, err
	}
	first := table.Rows[0].Date
	table.Rows = slices.DeleteFunc(table.Rows, func(row dataset.Row) bool { return row.Date > c.Until })
	if len(table.Rows) == 0 {
		return nil, fmt.Errorf("no rows until %s: the first session is %s", c.Until, first)
	}
	return table, nil
}

// builder makes an empty data set with its scorer.
func (c datasetBuildCommand) builder(ctx context.Context) (*dataset.Builder, string, error) {
	scorer, _, err := sentiment.Open(c.Scorer)
	if err != nil {
		return nil, "", usageError("--scorer: %v", err)
	}
	sample, err := scorer.Score(ctx, "")
	if err != nil {
		return nil, "", fmt.Errorf("scorer %s: %w", c.Scorer, err)
	}
	cfg := dataset.Config{Cutoff: c.Cutoff, Features: features.DefaultConfig()}
	cfg.Features.Scorer, cfg.Features.ScorerVersion = sample.Scorer, sample.Version
	builder, err := dataset.New(cfg, func(ctx context.Context, text string) (dataset.Score, error) {
		score, err := scorer.Score(ctx, text)
		return dataset.Score{Label: score.Label, Probability: score.Probability}, err
	})
	return builder, sample.Scorer + " " + sample.Version, err
}

// feed gives the builder every event and returns what they were read from.
func (c datasetBuildCommand) feed(ctx context.Context, connection *Connection, builder *dataset.Builder, notes *asides) (string, error) {
	var read int
	defer notes.follow(func() string { return fmt.Sprintf("%d events", read) })()
	each := func(add func(context.Context, schemas.Event) error, events iter.Seq2[schemas.Event, error]) error {
		return addAll(ctx, func(ctx context.Context, event schemas.Event) error {
			if err := add(ctx, event); err != nil {
				return err
			}
			read++
			return nil
		}, events)
	}
	switch c.From {
	case "streams":
		return "streams", connection.with(ctx, func(ctx context.Context, client *streamsClient) error {
			events, err := streamEvents(ctx, client, notes)
			if err != nil {
				return err
			}
			return each(builder.Add, events)
		})
	case "archive":
		events, err := c.archived(ctx, notes)
		if err != nil {
			return "", err
		}
		return "bucket " + c.S3Bucket, each(builder.Add, events)
	}
	return filepath.Base(c.Tape), c.feedTape(each, builder, notes)
}

// feedTape plays a tape. Of a tape in the layout of StockNet labels know all its
// prices, and features, as live, those of its dates.
func (c datasetBuildCommand) feedTape(
	each func(func(context.Context, schemas.Event) error, iter.Seq2[schemas.Event, error]) error, builder *dataset.Builder, notes *asides,
) error {
	fsys := os.DirFS(c.Tape)
	opened, err := openTape(fsys, tape.Options{OnBad: func(row tape.BadRow) { notes.say("%s", row) }})
	if err != nil {
		return fmt.Errorf("tape %s: %w", c.Tape, err)
	}
	if err := each(builder.Add, opened.Events()); err != nil {
		return fmt.Errorf("tape %s: %w", c.Tape, err)
	}
	if info, err := fs.Stat(fsys, "price/raw"); err != nil || !info.IsDir() {
		return nil
	}
	prices, err := tape.OpenStockNet(onlyPrices{fsys}, tape.Options{AllPrices: true})
	if errors.Is(err, tape.ErrNoTape) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("tape %s: %w", c.Tape, err)
	}
	for event, err := range prices.Events() {
		if err != nil {
			return fmt.Errorf("tape %s: %w", c.Tape, err)
		}
		builder.Prices().Add(event)
	}
	return nil
}

// openTape tells a folder that is not there from one that holds no tape.
func openTape(fsys fs.FS, options tape.Options) (*tape.Tape, error) {
	if _, err := fs.Stat(fsys, "."); err != nil {
		return nil, err
	}
	return tape.Open(fsys, options)
}

// onlyPrices hides the posts of a tape.
type onlyPrices struct{ fs.FS }

// Open implements fs.FS.
func (o onlyPrices) Open(name string) (fs.File, error) {
	if name == "tweet" || strings.HasPrefix(name, "tweet/") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return o.FS.Open(name)
}
