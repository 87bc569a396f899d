package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"cashtag/internal/model"
	"cashtag/schemas"
	"cashtag/services/analysis"
	"cashtag/services/analysis/retrain"
	"cashtag/services/archive"
	"cashtag/services/features/dataset"
	"cashtag/streams"
)

type modelsRetrainCommand struct {
	modelAuthor
	modelsBucket

	Config  string   `required:"" type:"path" placeholder:"FILE" help:"File of cashtag analysis that says under models what to train: see docs/models.md."`
	Model   []string `placeholder:"NAME" help:"Train these models of the file alone."`
	From    string   `enum:"history,streams,archive,tape" default:"history" help:"What to learn from: history (the archive, and after it the streams), streams, archive or tape."`
	Tape    string   `type:"path" placeholder:"DIR" help:"The tape, for --from tape: see cashtag dataset build."`
	Scorer  string   `default:"cdipaolo" help:"Who scores the posts."`
	Promote string   `enum:"never,better" default:"never" help:"Whether a version is promoted that is better than the promoted one beyond its interval: never or better."`
}

// Help implements kong.HelpProvider.
func (modelsRetrainCommand) Help() string {
	return `
It does once by hand what the service analysis does after each close: rows are built anew, each model of the file is trained, scored by walking forward, stored as a new version, and compared with the promoted version on the sessions after the last that this one was trained on. The same data give the same version.

Exit code 1 where a model could not be trained, such as for too few days; the other models of the file are trained all the same.

  cashtag models retrain --config analysis.yaml --data ./data
  cashtag models retrain --config analysis.yaml --from tape --tape stocknet --s3-endpoint http://127.0.0.1:7070
  cashtag models retrain --config analysis.yaml --model direction --promote better --by ada`
}

// Run trains models again.
func (c modelsRetrainCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	if (c.From == "tape") != (c.Tape != "") {
		return usageError("--tape DIR goes with --from tape, and with nothing else")
	}
	file, err := c.file()
	if err != nil {
		return err
	}
	cfg, err := c.bucket()
	if err != nil {
		return err
	}
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		store, err := archive.NewStore(ctx, cfg)
		if err != nil {
			return err
		}
		if err := store.Ensure(ctx); err != nil {
			return err
		}
		notes := newAsides(console)
		table, demo, err := c.rows(ctx, client, store, file.Config.Data.Cutoff, notes)
		if err != nil {
			return err
		}
		return publishing(ctx, client, func(publisher *streams.Publisher) error {
			models := modelShelf{ledger: modelsLedger(client), store: modelObjects{archive.NewObjects(store)}, publisher: publisher}
			return c.train(ctx, console, models, table, file, retrain.Statement{By: c.By, At: time.Now(), Demo: demo})
		})
	})
}

// file reads what is to be trained.
func (c modelsRetrainCommand) file() (retrain.File, error) {
	file, err := readRetrainFile(c.Config)
	if err != nil {
		return file, err
	}
	if len(file.Config.Models) == 0 {
		return file, usageError("%s: models is empty: name what is to be trained, such as models: [{name: direction, target: direction, configuration: features}]", c.Config)
	}
	if len(c.Model) == 0 {
		return file, nil
	}
	var chosen []analysis.Kept
	known := make([]string, len(file.Config.Models))
	for i, kept := range file.Config.Models {
		known[i] = kept.Name
		if slices.Contains(c.Model, kept.Name) {
			chosen = append(chosen, kept)
		}
	}
	for _, name := range c.Model {
		if !slices.Contains(known, name) {
			return file, usageError("--model is %q: must be one of %s, which %s has", name, strings.Join(known, ", "), c.Config)
		}
	}
	file.Config.Models = chosen
	return file, nil
}

// rows builds what is learned from, and says whether any of it is synthetic.
func (c modelsRetrainCommand) rows(
	ctx context.Context, client *streams.Client, store *archive.Store, cutoff string, notes *asides,
) (table *analysis.Table, demo bool, err error) {
	var read atomic.Int64
	defer notes.follow(func() string { return fmt.Sprintf("building rows: %d events", read.Load()) })()
	plan := rowsPlan{cutoff: cutoff, scorer: c.Scorer}
	counted := func(add addEvent) addEvent {
		return func(ctx context.Context, event schemas.Event) error {
			read.Add(1)
			demo = demo || schemas.IsDemo(event.Source)
			return add(ctx, event)
		}
	}
	table, err = buildRows(ctx, plan, func(add addEvent, builder *dataset.Builder) error {
		return c.feed(ctx, client, store, counted(add), builder, notes)
	})
	if err != nil {
		return nil, false, fmt.Errorf("rows from %s: %w", c.source(), err)
	}
	return table, demo, nil
}

// source is where the events come from, for people.
func (c modelsRetrainCommand) source() string {
	if c.From == "tape" {
		return filepath.Base(c.Tape)
	}
	return c.From
}

// feed hands every event to add.
func (c modelsRetrainCommand) feed(
	ctx context.Context, client *streams.Client, store *archive.Store, add addEvent, builder *dataset.Builder, notes *asides,
) error {
	switch c.From {
	case "tape":
		return datasetBuildCommand{Tape: c.Tape}.feedTape(func(_ func(context.Context, schemas.Event) error, events iter.Seq2[schemas.Event, error]) error {
			return addAll(ctx, add, events)
		}, builder, notes)
	case "streams":
		events, err := streamEvents(ctx, client, notes)
		if err != nil {
			return err
		}
		return addAll(ctx, add, events)
	case "archive":
		return addAll(ctx, add, archivedEvents(ctx, store, notes))
	}
	last, err := lastOf(ctx, client)
	if err != nil {
		return err
	}
	events, err := historyEvents(ctx, client, store, last, notes)
	if err != nil {
		return err
	}
	return addAll(ctx, add, events)
}

// train trains one model after the other and prints what became of them. What cannot
// be trained does not keep the others from it.
func (c modelsRetrainCommand) train(
	ctx context.Context, console Console, models retrain.Models, table *analysis.Table, file retrain.File, by retrain.Statement,
) error {
	grid := newGrid("MODEL", "PROMOTED", "NEW", "SCORE", "OF PROMOTED", "OF NEW", "DIFFERENCE", "SESSIONS", "NOW")
	var why []string
	var failed []error
	in := analysis.Input{Table: table, Version: version(), Progress: analysisProgress(console.Err)}
	for _, kept := range file.Config.Models {
		result, err := retrain.Again(ctx, models, in, file.Config, kept, c.Promote, by)
		if err != nil && !errors.Is(err, retrain.ErrRefused) {
			return fmt.Errorf("model %s: %w", kept.Name, err)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("model %s: %s", kept.Name, strings.ReplaceAll(err.Error(), "\n", "; ")))
			continue
		}
		grid.add(retrainedRow(result)...)
		why = append(why, fmt.Sprintf("%s %s: %s", kept.Name, result.Version, result.Why))
	}
	if len(why) > 0 {
		if err := grid.print(console); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(console.Out, "\n%s\n", strings.Join(why, "\n")); err != nil {
			return err
		}
	}
	if len(failed) == 0 {
		return nil
	}
	lines := make([]string, len(failed))
	for i, err := range failed {
		lines[i] = err.Error()
	}
	return exitError{exitFailed, strings.Join(lines, "; ")}
}

// retrainedRow is a result as a line of a table. Without a comparison the new version
// stands with the score that it has on all that it was tested on.
func retrainedRow(r retrain.Result) []cell {
	before, metric, old, fresh, difference, sessions := "none", "-", "-", "-", "-", "-"
	if r.Before != "" {
		before = r.Before
	}
	if c := r.Comparison; c != nil {
		metric, old, fresh, difference, sessions = c.Metric, c.Old.String(), c.New.String(), c.Difference.String(), strconv.Itoa(c.Days)
	} else if i := slices.IndexFunc(r.Artefact.Scores, func(s model.Score) bool { return s.Metric == "auc" || s.Metric == "r2" }); i >= 0 {
		s := r.Artefact.Scores[i]
		metric, sessions = s.Metric, strconv.Itoa(s.Days)
		fresh = scoreText(schemas.ModelScore{Value: s.Value, Low: s.Low, High: s.High})
	}
	now := "stored"
	if r.Promoted {
		now = "promoted"
	}
	return []cell{
		said(r.Model.Name), said(before), said(r.Version), said(metric), said(old), said(fresh), said(difference), said(sessions), said(now),
	}
}
