package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"cashtag/services/sentiment"
)

type trainCommand struct {
	Sentiment trainSentimentCommand `cmd:"" help:"Train a scorer of posts on labelled texts."`
}

// labelFiles is which files of labels a command reads: --data FILE, again or with
// more files behind it.
type labelFiles struct {
	Data []string `required:"" sep:"none" placeholder:"CSV" help:"A CSV file with the columns text and label (0 or negative, 1 or positive, 2 or neutral). More may follow."`
	More []string `arg:"" optional:"" name:"csv" help:"More files."`
}

// read reads every file, or none.
func (f labelFiles) read(ctx context.Context) ([]*sentiment.Labels, error) {
	var sources []*sentiment.Labels
	for _, path := range append(append([]string(nil), f.Data...), f.More...) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		labels, err := readLabels(path)
		if err != nil {
			return nil, err
		}
		for _, other := range sources {
			if other.Digest == labels.Digest {
				return nil, usageError("%s has the same content as %s: give each source once", path, other.Name)
			}
		}
		sources = append(sources, labels)
	}
	return sources, nil
}

func readLabels(path string) (*sentiment.Labels, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	defer func() { _ = file.Close() }() // only read from
	labels, err := sentiment.ReadLabels(path, file)
	if err != nil {
		return nil, err
	}
	labels.Name = filepath.Base(path)
	return labels, nil
}

type trainSentimentCommand struct {
	labelFiles `embed:""`

	Out    string `required:"" placeholder:"FILE" help:"Where the model is written. A file that is there is replaced once the model is whole."`
	Scorer string `default:"cashtag" enum:"cashtag,cdipaolo" help:"What to train: cashtag or cdipaolo."`
	Seed   uint64 `default:"1" help:"Decides which texts are held out together."`
	Folds  int    `default:"5" help:"In how many parts the texts are held out, from 2 to 20. The more there are, the more texts the models have that are asked of the others."`
}

// Help implements kong.HelpProvider.
func (trainSentimentCommand) Help() string {
	return `
The texts are first held out in some parts, one after the other, from models that are trained on the rest: the table says how these did on each source. The model that is written is then trained on all texts. The same files and seed give the same bytes.

  cashtag train sentiment --data tfns_train.csv --out cashtag.model
  cashtag evaluate sentiment --data other.csv --model cashtag.model`
}

// Run trains a scorer.
func (c trainSentimentCommand) Run(ctx context.Context, console Console) error {
	ctx, stop := interruptible(ctx, console)
	defer stop()
	sources, err := c.read(ctx)
	if err != nil {
		return err
	}
	if info, err := os.Stat(filepath.Dir(c.Out)); err != nil || !info.IsDir() {
		return usageError("--out is %q: must be in a directory that exists", c.Out)
	}
	cfg := sentiment.DefaultTrainConfig()
	cfg.Seed, cfg.Folds = c.Seed, c.Folds
	if err := cfg.Validate(); err != nil {
		return usageError("%v", err)
	}
	var line atomic.Value
	line.Store("training: reading")
	notes := newAsides(console)
	unfollow := notes.follow(func() string { return line.Load().(string) })
	training, err := sentiment.Train(ctx, c.Scorer, sources, cfg, func(done string, share float64) {
		line.Store(fmt.Sprintf("training %s: %s, %.0f%%", c.Scorer, done, 100*share))
	})
	unfollow()
	if err != nil && ctx.Err() != nil {
		return exitError{exitInterrupted, errInterrupted.Error()}
	}
	if err != nil {
		return err
	}
	if err := replaceFile(c.Out, training.File); err != nil {
		return err
	}
	if err := printHeldOut(console, training.HeldOut); err != nil {
		return err
	}
	notes.say("wrote %s, %d bytes", c.Out, len(training.File))
	return nil
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, data []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".cashtag-*")
	if err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(data)
	if err == nil {
		err = file.Chmod(0o644)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	return os.Rename(file.Name(), path)
}

func printHeldOut(console Console, heldOut []sentiment.HeldOut) error {
	table := newGrid(evaluationHeads("SOURCE")...)
	for _, held := range heldOut {
		e, err := sentiment.Assess(held.Verdicts)
		if err != nil {
			return fmt.Errorf("source %s: %w", held.Source, err)
		}
		table.add(evaluationCells(held.Source, e)...)
	}
	if _, err := fmt.Fprintln(console.Out, "Held out, by source:"); err != nil {
		return err
	}
	return table.print(console)
}
