package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cashtag/services/analysis"
)

type analysisCommand struct {
	Run      analysisRunCommand      `cmd:"" help:"Walk forward through a data set and write a report."`
	Train    analysisTrainCommand    `cmd:"" help:"Fit one configuration to one target and write the model."`
	StockNet analysisStockNetCommand `cmd:"" name:"stocknet" help:"Run the StockNet benchmark."`
}

// analysisFile is the file that says what to analyse, and how.
type analysisFile struct {
	Config string `required:"" type:"path" placeholder:"FILE" help:"YAML file that says which data, targets and configurations: see docs/analysis.md."`
}

type analysisRunCommand struct {
	analysisFile
	Out             string `type:"path" default:"analysis-report" help:"Directory to write report.md, report.json and report.html to. It must not be there."`
	DemonstrateLeak bool   `help:"Instead, run a protocol that leaks on the tape, and show that the alarms refuse it."`
}

// Help implements kong.HelpProvider.
func (analysisRunCommand) Help() string {
	return `
The exit code is 1, with a line for each, when a leak alarm rings; then no report is written. With --demonstrate-leak that is what should happen.

  cashtag analysis run --config analysis.yaml --out report`
}

// Run writes a report.
func (c analysisRunCommand) Run(ctx context.Context, console Console) error {
	if _, err := os.Lstat(c.Out); err == nil && !c.DemonstrateLeak {
		return usageError("%s is there already: remove it, or name another with --out", c.Out)
	}
	config, err := c.read()
	if err != nil {
		return err
	}
	if c.DemonstrateLeak {
		return demonstrateLeak(ctx, console, config)
	}
	input, err := analysisInput(console, config, true)
	if err != nil {
		return err
	}
	report, err := analysis.Run(ctx, input, config)
	if err != nil {
		return leaks(console, err)
	}
	if err := report.Write(c.Out); err != nil {
		return err
	}
	lines := []string{report.Summary}
	for _, target := range report.Targets {
		lines = append(lines, target.Verdict)
	}
	for _, line := range append(lines, report.Notes...) {
		if _, err := fmt.Fprintln(console.Out, line); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(console.Out, "report: %s\n", filepath.Join(c.Out, "report.html"))
	return err
}

func demonstrateLeak(ctx context.Context, console Console, config analysis.Config) error {
	if config.Data.Tape == "" {
		return usageError("--demonstrate-leak needs data.tape in the configuration: it makes rows that no data set has")
	}
	recorded, err := openAnalysisTape(console, config.Data.Tape)
	if err != nil {
		return err
	}
	score, err := analysis.SeedProtocol(ctx, recorded.Events(), config.Data.Tape, config)
	if _, leaked := errors.AsType[*analysis.LeakError](err); leaked {
		_, printed := fmt.Fprintf(console.Out, "the leaking protocol would have reported AUC %s for direction\n", score)
		return errors.Join(printed, leaks(console, err))
	}
	if err != nil {
		return err
	}
	return errors.New("no alarm rang on the leaking protocol: the alarms are not to be trusted on this data")
}

type analysisTrainCommand struct {
	analysisFile
	Target        analysis.Target `required:"" help:"What to predict: direction, large_move, abnormal_volume or relative_direction."`
	Configuration string          `default:"features" help:"Which configuration of the file to fit. It must not have text."`
	Out           string          `required:"" type:"path" placeholder:"FILE" help:"File to write the model to."`
}

// Help implements kong.HelpProvider.
func (analysisTrainCommand) Help() string {
	return `
The model is one that cashtag models push takes. Its scores are those of the walk forward, beside the baseline.

  cashtag analysis train --config analysis.yaml --target direction --out direction.model`
}

// Run writes a model.
func (c analysisTrainCommand) Run(ctx context.Context, console Console) error {
	config, err := c.read()
	if err != nil {
		return err
	}
	input, err := analysisInput(console, config, false)
	if err != nil {
		return err
	}
	artefact, err := analysis.Train(ctx, input, config, c.Configuration, c.Target)
	if err != nil {
		return leaks(console, err)
	}
	file, err := artefact.Encode()
	if err != nil {
		return err
	}
	if err := writeWhole(c.Out, file); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(console.Out, "model %s of %d rows: %s\n", artefact.Name, artefact.Rows, c.Out); err != nil {
		return err
	}
	if config.Data.CSV == "" {
		_, err = fmt.Fprintln(console.Err, "cashtag: the predictor will refuse it: it reads columns of the tape, and live vectors have others; name rows of `cashtag dataset build` as data.csv for one that serves")
	}
	return err
}

// writeWhole writes a file beside its place and renames it, so that what stands
// there is whole.
func writeWhole(name string, body []byte) (err error) {
	draft, err := os.CreateTemp(filepath.Dir(name), ".model-*")
	if err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(draft.Name()))
		}
	}()
	if _, err := draft.Write(body); err != nil {
		return errors.Join(fmt.Errorf("write model: %w", err), draft.Close())
	}
	if err := errors.Join(draft.Sync(), draft.Chmod(0o644), draft.Close()); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	if err := os.Rename(draft.Name(), name); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	return nil
}

type analysisStockNetCommand struct {
	Data string `required:"" type:"path" placeholder:"DIR" help:"Directory with tweet/raw/TICKER/DATE and price/raw/TICKER.csv."`
}

// Help implements kong.HelpProvider.
func (analysisStockNetCommand) Help() string {
	return `
Repeats the split and the measures of the StockNet paper on its data set, so that the figures can be held against published ones.

  cashtag analysis stocknet --data ./stocknet`
}

// Run prints the benchmark.
func (c analysisStockNetCommand) Run(ctx context.Context, console Console) error {
	recorded, err := openAnalysisTape(console, c.Data)
	if err != nil {
		return err
	}
	table, err := readAnalysisTape(console, recorded, c.Data, analysis.CutoffClose, true)
	if err != nil {
		return err
	}
	input := analysis.Input{Table: table, Version: version(), Progress: analysisProgress(console.Err)}
	benchmark, err := analysis.StockNet(ctx, input, analysis.DefaultConfig())
	if benchmark != nil && err == nil {
		_, err = io.WriteString(console.Out, benchmark.Text())
	}
	return leaks(console, err)
}

// telling does something and says that it goes on, every two seconds.
func telling(out io.Writer, what string, do func() error) error {
	start := time.Now()
	done := make(chan error, 1)
	go func() { done <- do() }()
	ticker := time.NewTicker(progressAfter)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-ticker.C:
			_, _ = fmt.Fprintf(out, "cashtag: %s: %s\n", what, time.Since(start).Round(time.Second))
		}
	}
}

// leaks prints a line for each alarm that rang. Other errors are passed on.
func leaks(console Console, err error) error {
	leak, ok := errors.AsType[*analysis.LeakError](err)
	if !ok {
		return err
	}
	for line := range strings.Lines(leak.Error()) {
		if _, err := fmt.Fprintln(console.Err, "cashtag:", strings.TrimSpace(line)); err != nil {
			return err
		}
	}
	return exitError{exitFailed, "no report: what was measured knows the future"}
}

// analysisProgress says how far a run is once it takes longer than it should
// without a word, and then at most every two seconds.
func analysisProgress(out io.Writer) func(stage string, done, total int) {
	said := time.Now()
	return func(stage string, done, total int) {
		if time.Since(said) < progressAfter {
			return
		}
		said = time.Now()
		_, _ = fmt.Fprintf(out, "cashtag: %s: %d of %d\n", stage, done, total)
	}
}
