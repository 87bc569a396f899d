package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"cashtag/services/analysis"
	"cashtag/services/analysis/retrain"
	"cashtag/streams/setting"
)

// retrainFlags say which models are trained again after the market's close.
type retrainFlags struct {
	Retrain       []string      `name:"retrain" type:"path" env:"RETRAIN" placeholder:"FILE" help:"Files of cashtag analysis whose models the service analysis trains again after the market's close; without one it does not run."`
	RetrainEvery  int           `name:"retrain-every" env:"RETRAIN_EVERY" default:"1" help:"Sessions between two trainings, unless the setting retrain says how many."`
	RetrainSettle time.Duration `name:"retrain-settle" env:"RETRAIN_SETTLE" default:"20m" help:"How long after a close late posts and prices are waited for."`
}

// retraining is what the flags say, checked.
type retraining struct {
	service retrain.Config
	every   int
}

// resolve reads the files. Without one the service does not run.
func (f retrainFlags) resolve() (retraining, error) {
	r := retraining{service: retrain.DefaultConfig(), every: f.RetrainEvery}
	r.service.Settle, r.service.Version = f.RetrainSettle, version()
	for _, path := range f.Retrain {
		file, err := readRetrainFile(path)
		if err != nil {
			return r, err
		}
		r.service.Files = append(r.service.Files, file)
	}
	if len(f.Retrain) == 0 {
		return r, nil
	}
	if f.RetrainEvery < 1 || f.RetrainEvery > setting.MaxRetrain {
		return r, usageError("--retrain-every is %d: must be from 1 to %d sessions", f.RetrainEvery, setting.MaxRetrain)
	}
	if err := r.service.Validate(); err != nil {
		return r, usageError("--retrain: %v", err)
	}
	return r, nil
}

// readRetrainFile reads a file of cashtag analysis. What it says of data but the
// cut-off does not count: rows are made of what was recorded since.
func readRetrainFile(path string) (retrain.File, error) {
	found := retrain.File{Path: path}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return found, usageError("there is no file %s: see docs/models.md for one", path)
	}
	if err != nil {
		return found, fmt.Errorf("read configuration: %w", err)
	}
	found.Config, err = analysis.ReadConfig(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return found, usageError("%s: %v", path, err)
	}
	return found, nil
}
