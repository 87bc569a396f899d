package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"cashtag/services/sentiment"
)

type evaluateCommand struct {
	Sentiment evaluateSentimentCommand `cmd:"" help:"Compare scorers of posts on labelled texts."`
}

type evaluateSentimentCommand struct {
	labelFiles `embed:""`

	Scorer string   `default:"cdipaolo,vader,cashtag" placeholder:"NAMES" help:"The scorers to compare, with commas between (default: all)."`
	Model  []string `sep:"none" placeholder:"FILE" help:"A model that cashtag train wrote, in place of the one that ships for its scorer."`
	JSON   bool     `name:"json" help:"Print one JSON object instead of the tables."`
}

// Help implements kong.HelpProvider.
func (evaluateSentimentCommand) Help() string {
	return `
Intervals hold 95 of 100 draws of as many texts. POLAR is the accuracy among texts that are negative or positive and were called one of the two. ECE is how far the probabilities are from what happened. Several files are taken for one. A scorer that was trained on one of them is marked: its scores say nothing of other texts.

  cashtag evaluate sentiment --data labels.csv
  cashtag evaluate sentiment --data labels.csv --scorer cashtag --json`
}

// candidate is a scorer to evaluate.
type candidate struct {
	name    string
	scorer  sentiment.Scorer
	trained sentiment.Trained
}

// Run evaluates scorers.
func (c evaluateSentimentCommand) Run(ctx context.Context, console Console) error {
	ctx, stop := interruptible(ctx, console)
	defer stop()
	names, err := sentiment.ParseScorers(c.Scorer)
	if err != nil {
		return usageError("--scorer: %v", err)
	}
	candidates, err := c.candidates(names)
	if err != nil {
		return err
	}
	sources, err := c.read(ctx)
	if err != nil {
		return err
	}
	notes := newAsides(console)
	evaluations := make([]sentiment.Evaluation, len(candidates))
	for i, candidate := range candidates {
		unfollow := notes.follow(func() string { return "evaluating " + candidate.name })
		evaluations[i], err = sentiment.Evaluate(ctx, candidate.scorer, sources...)
		unfollow()
		if err != nil && ctx.Err() != nil {
			return exitError{exitInterrupted, errInterrupted.Error()}
		}
		if err != nil {
			return fmt.Errorf("evaluate %s: %w", candidate.name, err)
		}
		for _, source := range sources {
			if candidate.trained.On(source) {
				evaluations[i].TrainedOn = true
				notes.say("%s was trained on %s: its scores say nothing of texts that it has not seen", candidate.name, source.Name)
			}
		}
	}
	if c.JSON {
		return printEvaluationsJSON(console, evaluations)
	}
	return printEvaluations(console, evaluations)
}

// candidates opens the scorers, those of models from files in place of their own.
func (c evaluateSentimentCommand) candidates(names []string) ([]candidate, error) {
	given := map[string]candidate{}
	for _, path := range c.Model {
		scorer, trained, err := readModel(path)
		if err != nil {
			return nil, err
		}
		if _, twice := given[trained.Scorer]; twice {
			return nil, usageError("--model %s is of scorer %s, of which another is given: give one a scorer", path, trained.Scorer)
		}
		given[trained.Scorer] = candidate{trained.Scorer, scorer, trained}
	}
	var candidates []candidate
	for _, name := range names {
		if own, ok := given[name]; ok {
			candidates = append(candidates, own)
			delete(given, name)
			continue
		}
		scorer, trained, err := sentiment.Open(name)
		if err != nil {
			return nil, err
		}
		candidates = append(candidates, candidate{name, scorer, trained})
	}
	for name := range given {
		return nil, usageError("--model is of scorer %s: --scorer must name it", name)
	}
	return candidates, nil
}

func readModel(path string) (sentiment.Scorer, sentiment.Trained, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, sentiment.Trained{}, fmt.Errorf("read model: %w", err)
	}
	defer func() { _ = file.Close() }() // only read from
	scorer, trained, err := sentiment.ReadModel(file)
	if errors.Is(err, sentiment.ErrBadModel) {
		return nil, sentiment.Trained{}, fmt.Errorf("%s: %w", path, err)
	}
	return scorer, trained, err
}

func printEvaluationsJSON(console Console, evaluations []sentiment.Evaluation) error {
	byScorer := make(map[string]sentiment.Evaluation, len(evaluations))
	for _, e := range evaluations {
		byScorer[e.Scorer] = e
	}
	encoder := json.NewEncoder(console.Out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{"scorers": byScorer})
}

// evaluationHeads are the columns of every table of scores.
func evaluationHeads(first string) []string {
	return []string{first, "TEXTS", "UNKNOWN", "ACCURACY", "95%", "MACRO-F1", "95%", "POLAR", "ECE"}
}

func evaluationCells(first string, e sentiment.Evaluation) []cell {
	polar := decimal("%.3f", e.PolarAccuracy)
	if e.PolarRows == 0 {
		polar = cell{text: "-", right: true}
	}
	return []cell{
		said(first), counted(uint64(e.Rows)), counted(uint64(e.Unknown)),
		decimal("%.3f", e.Accuracy), said(fmt.Sprintf("%.3f-%.3f", e.AccuracyInterval.Low, e.AccuracyInterval.High)),
		decimal("%.3f", e.MacroF1), said(fmt.Sprintf("%.3f-%.3f", e.MacroF1Interval.Low, e.MacroF1Interval.High)),
		polar, decimal("%.3f", e.CalibrationError),
	}
}

// printEvaluations writes three tables: the scorers, their classes, and their
// calibration.
func printEvaluations(console Console, evaluations []sentiment.Evaluation) error {
	scores := newGrid(append(evaluationHeads("SCORER"), "TEXTS/S", "VERSION")...)
	classes := newGrid("SCORER", "CLASS", "TEXTS", "PRECISION", "RECALL", "F1")
	calibration := newGrid("SCORER", "PROBABILITY FROM", "TEXTS", "SAID", "WAS")
	for _, e := range evaluations {
		name := e.Scorer
		if e.TrainedOn {
			name += " (trained on these)"
		}
		scores.add(append(evaluationCells(name, e), counted(uint64(e.TextsPerSecond)), said(e.Version))...)
		for _, label := range sentiment.ClassLabels() {
			class := e.Classes[label]
			classes.add(said(e.Scorer), said(label), counted(uint64(class.Examples)),
				decimal("%.3f", class.Precision), decimal("%.3f", class.Recall), decimal("%.3f", class.F1))
		}
		for _, bin := range e.Calibration {
			calibration.add(said(e.Scorer), decimal("%.1f", bin.From), counted(uint64(bin.Examples)),
				decimal("%.3f", bin.Confidence), decimal("%.3f", bin.Accuracy))
		}
	}
	var out strings.Builder
	for i, table := range []*grid{scores, classes, calibration} {
		if i > 0 {
			out.WriteByte('\n')
		}
		out.WriteString(table.render(console.width(), console.colours()))
	}
	_, err := fmt.Fprint(console.Out, out.String())
	return err
}
