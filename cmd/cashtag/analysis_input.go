package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cashtag/internal/tape"
	"cashtag/services/analysis"
)

// read reads the file, and takes the paths in it from its directory.
func (f analysisFile) read() (analysis.Config, error) {
	file, err := os.Open(f.Config)
	if errors.Is(err, fs.ErrNotExist) {
		return analysis.Config{}, usageError("there is no file %s: see docs/analysis.md for one", f.Config)
	}
	if err != nil {
		return analysis.Config{}, fmt.Errorf("read configuration: %w", err)
	}
	config, err := analysis.ReadConfig(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return config, usageError("%s: %v", f.Config, err)
	}
	for _, path := range []*string{&config.Data.Tape, &config.Data.CSV} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(filepath.Dir(f.Config), *path)
		}
	}
	if config.Data.Tape == "" && config.Data.CSV == "" {
		return config, usageError("%s: data names neither tape nor csv", f.Config)
	}
	return config, nil
}

// analysisInput reads the data that a configuration names.
func analysisInput(console Console, config analysis.Config, attention bool) (analysis.Input, error) {
	input := analysis.Input{Version: version(), Progress: analysisProgress(console.Err)}
	var err error
	if config.Data.CSV != "" {
		if input.Table, err = readDataSet(config.Data); err != nil {
			return input, err
		}
	}
	if config.Data.Tape == "" {
		if !input.Table.Labelled() {
			return input, fmt.Errorf("%s has no label_return: name the tape it was made from as data.tape too", config.Data.CSV)
		}
		return input, nil
	}
	recorded, err := openAnalysisTape(console, config.Data.Tape)
	if err != nil {
		return input, err
	}
	table, err := readAnalysisTape(console, recorded, config.Data.Tape, config.Data.Cutoff, false)
	if err != nil {
		return input, err
	}
	if input.Table == nil {
		input.Table = table
	} else if err := input.Table.TakeFrom(table); err != nil {
		return input, err
	}
	if attention && config.Data.Cutoff != analysis.CutoffOpen {
		input.PreOpen, err = readAnalysisTape(console, recorded, config.Data.Tape, analysis.CutoffOpen, false)
	}
	return input, err
}

func readDataSet(data analysis.Data) (*analysis.Table, error) {
	file, err := os.Open(data.CSV)
	if err != nil {
		return nil, fmt.Errorf("read data set: %w", err)
	}
	table, err := analysis.ReadCSV(file, filepath.Base(data.CSV), data.Cutoff)
	return table, errors.Join(err, file.Close())
}

// openAnalysisTape opens a tape with all its prices, and says how many of its rows
// cannot be read.
func openAnalysisTape(console Console, dir string) (*tape.Tape, error) {
	var recorded *tape.Tape
	err := telling(console.Err, "opening "+dir, func() (err error) {
		recorded, err = tape.Open(os.DirFS(dir), tape.Options{AllPrices: true})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if bad := recorded.Bad(); bad > 0 {
		if _, err := fmt.Fprintf(console.Err, "cashtag: %d rows of %s cannot be read and were left out\n", bad, dir); err != nil {
			return nil, err
		}
	}
	return recorded, nil
}

// readAnalysisTape makes rows of a tape.
func readAnalysisTape(console Console, recorded *tape.Tape, dir, cutoff string, all bool) (table *analysis.Table, err error) {
	err = telling(console.Err, "reading "+dir, func() (err error) {
		table, err = analysis.FromTape(recorded.Events(), filepath.Base(dir), cutoff, all)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return table, nil
}
