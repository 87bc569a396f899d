package retrain

import (
	"errors"
	"fmt"
	"time"

	"cashtag/services/analysis"
)

// File is one file of configuration with the models that it keeps.
type File struct {
	Path   string // for people
	Config analysis.Config
}

// Config says what is trained again, and when.
type Config struct {
	Files []File
	// Settle is how long after a close late posts and prices are waited for, by the
	// wall clock. A close that is older is not waited for.
	Settle time.Duration
	// By is who states what is stated of a model.
	By string
	// Version is that of the program, which is part of a model.
	Version string
}

// DefaultConfig waits 20 minutes.
func DefaultConfig() Config { return Config{Settle: 20 * time.Minute, By: "service analysis"} }

// mostSettle bounds Settle: the next session must not have begun.
const mostSettle = 6 * time.Hour

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	seen := make(map[string]string)
	for _, file := range c.Files {
		if err := file.Config.Validate(); err != nil {
			return fmt.Errorf("%s: %w", file.Path, err)
		}
		if len(file.Config.Models) == 0 {
			return fmt.Errorf("%s: models is empty: must name what is trained again", file.Path)
		}
		for _, kept := range file.Config.Models {
			if other, twice := seen[kept.Name]; twice {
				return fmt.Errorf("%s: model %s is in %s too: must be in one file", file.Path, kept.Name, other)
			}
			seen[kept.Name] = file.Path
		}
	}
	switch {
	case len(c.Files) == 0:
		return errors.New("files is empty: must be at least one")
	case c.Settle < 0 || c.Settle > mostSettle:
		return fmt.Errorf("settle is %s: must be from 0 to %s", c.Settle, mostSettle)
	case c.By == "":
		return errors.New("by is empty: must say who states what is trained")
	case c.Version == "":
		return errors.New("version is empty: must be that of the program")
	}
	return nil
}
