package analysis

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The baselines, which stand beside every configuration.
const (
	Majority   = "majority"    // the share, or mean, of the training rows
	TickerOnly = "ticker-only" // that of the ticker's own training rows
	PriceOnly  = "price-only"  // a model of the columns price_* and volume_*
)

func baseline(name string) bool { return name == Majority || name == TickerOnly || name == PriceOnly }

// Configuration is one set of inputs of a model.
type Configuration struct {
	Name    string   `json:"name" yaml:"name"`
	Columns []string `json:"columns" yaml:"columns"` // names or patterns, such as price_*
	Text    bool     `json:"text" yaml:"text"`       // TF-IDF of the words
}

// Config says what Run does.
type Config struct {
	Data           Data            `json:"data" yaml:"data"`
	Targets        []Target        `json:"targets" yaml:"targets"`
	Configurations []Configuration `json:"configurations" yaml:"configurations"`
	Period         string          `json:"period" yaml:"period"`                     // quarter, month, days or auto
	TestDays       int             `json:"test_days" yaml:"test_days"`               // sessions of a block where period is days
	LeastTrainDays int             `json:"least_train_days" yaml:"least_train_days"` // sessions before the first block; 0 chooses by the table
	Embargo        int             `json:"embargo_days" yaml:"embargo_days"`         // sessions left out between training and test, at least the horizon of 1
	DevShare       float64         `json:"dev_share" yaml:"dev_share"`               // newest share of the training sessions that C is chosen on
	C              []float64       `json:"c" yaml:"c"`                               // inverse strengths of the penalty to choose from
	LeastWordRows  int             `json:"least_word_rows" yaml:"least_word_rows"`   // training rows that must have a word
	MostWords      int             `json:"most_words" yaml:"most_words"`             // columns of TF-IDF
	ClaimDays      int             `json:"claim_days" yaml:"claim_days"`             // test sessions before any claim
	TriedBefore    int             `json:"tried_before" yaml:"tried_before"`         // hypotheses tried in earlier runs on the same data
	Draws          int             `json:"bootstrap_draws" yaml:"bootstrap_draws"`   // resamples for each interval
	Seed           uint64          `json:"seed" yaml:"seed"`
	CostsBP        []float64       `json:"costs_bp" yaml:"costs_bp"`       // of each trade, in hundredths of a percent
	Models         []Kept          `json:"models,omitempty" yaml:"models"` // what is trained again after a close
}

// Kept is a model that is kept up to date: the name that it is stored under, and what
// it is.
type Kept struct {
	Name          string `json:"name" yaml:"name"`
	Target        Target `json:"target" yaml:"target"`
	Configuration string `json:"configuration" yaml:"configuration"`
}

// mostKept bounds the models of one file.
const mostKept = 20

var keptPattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// Data says where the rows come from: a tape, or a CSV of dataset build; with
// both, the CSV's rows get the words of the tape's posts.
type Data struct {
	Tape   string `json:"tape" yaml:"tape"`
	CSV    string `json:"csv" yaml:"csv"`
	Cutoff string `json:"cutoff" yaml:"cutoff"` // 16:00 or 09:30
}

// leastClaimDays is the shortest test that any claim is made from.
const leastClaimDays = 250

// DefaultConfig tries the seed's inputs and the features on every target.
func DefaultConfig() Config {
	return Config{
		Data:    Data{Cutoff: CutoffClose},
		Targets: Targets(),
		Configurations: []Configuration{
			{Name: "seed", Columns: []string{columnLogCount, "volume_log"}, Text: true},
			{Name: "features", Columns: []string{"*"}},
		},
		Period: "auto", TestDays: 10, Embargo: 1, DevShare: 0.2,
		C:             []float64{0.001, 0.01, 0.1, 1},
		LeastWordRows: 3, MostWords: 5000, ClaimDays: leastClaimDays,
		Draws: 1000, Seed: 1, CostsBP: []float64{0, 5, 10},
	}
}

// ReadConfig reads a YAML file over DefaultConfig. A key that it does not know is
// an error.
func ReadConfig(r io.Reader) (Config, error) {
	config := DefaultConfig()
	body, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return config, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(body))
	decoder.KnownFields(true)
	if err := decoder.Decode(&config); err != nil && !errors.Is(err, io.EOF) {
		return config, errors.New(plainYAML(err))
	}
	return config, config.Validate()
}

// plainYAML takes a YAML error's names of Go types out and puts it in one line.
func plainYAML(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n")
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if what, _, ok := strings.Cut(line, " not found in type"); ok {
			line = strings.Replace(what, "field ", "there is no key ", 1)
		}
		lines[i] = line
	}
	return strings.Join(lines, "; ")
}

// Validate returns an error that names the field, the value and what is allowed.
func (c Config) Validate() error {
	if c.Data.Cutoff != CutoffClose && c.Data.Cutoff != CutoffOpen {
		return fmt.Errorf("data.cutoff is %q: must be %s or %s", c.Data.Cutoff, CutoffClose, CutoffOpen)
	}
	if err := c.validateTried(); err != nil {
		return err
	}
	if err := c.validateKept(); err != nil {
		return err
	}
	if !slices.Contains([]string{"auto", "quarter", "month", "days"}, c.Period) {
		return fmt.Errorf("period is %q: must be auto, quarter, month or days", c.Period)
	}
	for _, field := range []struct {
		name             string
		value, low, high int
	}{
		{"test_days", c.TestDays, 1, 1000},
		{"least_train_days", c.LeastTrainDays, 0, 100_000},
		{"embargo_days", c.Embargo, 1, 250},
		{"least_word_rows", c.LeastWordRows, 1, 1_000_000},
		{"most_words", c.MostWords, 1, 100_000},
		{"claim_days", c.ClaimDays, leastClaimDays, 100_000},
		{"tried_before", c.TriedBefore, 0, 1_000_000},
		{"bootstrap_draws", c.Draws, 100, 10_000},
	} {
		if field.value < field.low || field.value > field.high {
			return fmt.Errorf("%s is %d: must be %d to %d", field.name, field.value, field.low, field.high)
		}
	}
	if !(c.DevShare > 0 && c.DevShare <= 0.5) {
		return fmt.Errorf("dev_share is %v: must be above 0 and at most 0.5", c.DevShare)
	}
	return c.validateNumbers()
}

func (c Config) validateNumbers() error {
	if len(c.C) == 0 || len(c.C) > 20 {
		return fmt.Errorf("c has %d values: must be 1 to 20", len(c.C))
	}
	for _, v := range c.C {
		if !(v > 0) || math.IsInf(v, 0) {
			return fmt.Errorf("c holds %v: must be finite and above 0", v)
		}
	}
	if len(c.CostsBP) == 0 || len(c.CostsBP) > 6 {
		return fmt.Errorf("costs_bp has %d values: must be 1 to 6", len(c.CostsBP))
	}
	for _, v := range c.CostsBP {
		if !(v >= 0 && v <= 1000) {
			return fmt.Errorf("costs_bp holds %v: must be 0 to 1000", v)
		}
	}
	return nil
}

func (c Config) validateTried() error {
	if len(c.Targets) == 0 {
		return errors.New("targets is empty: name at least one")
	}
	seen := make(map[string]bool)
	for _, target := range c.Targets {
		if err := target.validate(); err != nil {
			return err
		}
		if seen[string(target)] {
			return fmt.Errorf("target %q is named twice", target)
		}
		seen[string(target)] = true
	}
	if len(c.Configurations) == 0 || len(c.Configurations) > 50 {
		return fmt.Errorf("configurations has %d entries: must be 1 to 50", len(c.Configurations))
	}
	for i, configuration := range c.Configurations {
		switch name := configuration.Name; {
		case name == "":
			return fmt.Errorf("configurations[%d].name is empty", i)
		case baseline(name):
			return fmt.Errorf("configurations[%d].name is %q: that baseline always runs", i, name)
		case seen[name]:
			return fmt.Errorf("configurations[%d].name is %q: must differ from the others and from the targets", i, name)
		case !configuration.Text && len(configuration.Columns) == 0:
			return fmt.Errorf("configuration %q has neither columns nor text", name)
		}
		seen[configuration.Name] = true
	}
	return nil
}

func (c Config) validateKept() error {
	if len(c.Models) > mostKept {
		return fmt.Errorf("models has %d entries: must be at most %d", len(c.Models), mostKept)
	}
	seen := make(map[string]bool)
	for i, kept := range c.Models {
		switch {
		case !keptPattern.MatchString(kept.Name):
			return fmt.Errorf("models[%d].name is %q: must be a lower case letter and at most 31 lower case letters, digits, hyphens or underscores", i, kept.Name)
		case seen[kept.Name]:
			return fmt.Errorf("models[%d].name is %q: it is there twice", i, kept.Name)
		}
		seen[kept.Name] = true
		if err := kept.Target.validate(); err != nil {
			return fmt.Errorf("models[%d]: %w", i, err)
		}
		if _, err := c.named(kept.Configuration); err != nil {
			return fmt.Errorf("models[%d]: %w", i, err)
		}
	}
	return nil
}

// priceColumns are what the baseline of prices sees: those of them that the table
// has.
func priceColumns() []string { return []string{"price_*", "volume_*"} }

// all returns the baselines, then the configurations.
func (c Config) all() []Configuration {
	return append([]Configuration{
		{Name: Majority}, {Name: TickerOnly}, {Name: PriceOnly, Columns: priceColumns()},
	}, c.Configurations...)
}
