package analysis

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"cashtag/internal/calendar"

	"golang.org/x/sync/errgroup"
)

var notKnown = math.NaN()

// Input is what a run reads beside its configuration.
type Input struct {
	Table   *Table
	PreOpen *Table // the same data with the cut-off 09:30, for the table of attention; nil takes Table
	Version string // of the program
	// Progress is told what is done of how much. Nil tells nobody. It is called
	// from one goroutine at a time.
	Progress func(stage string, done, total int)
}

// leastRows is how many rows an alarm needs to tell a leak from chance.
const leastRows = 60

// Run walks forward through the table with every configuration and target, and
// rings the alarms. It returns a *LeakError where one rings.
func Run(ctx context.Context, in Input, c Config) (*Report, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	splits, err := walk(in.Table, c)
	if err != nil {
		return nil, err
	}
	p := &progress{tell: in.Progress}
	control, alarms, err := ring(ctx, in.Table, splits, c, p)
	if err != nil {
		return nil, err
	}
	jobs, err := newJobs(in.Table, splits, c)
	if err != nil {
		return nil, err
	}
	if err := jobs.forecast(ctx, p); err != nil {
		return nil, err
	}
	report := describe(in, splits, c)
	report.Alarms, report.Control = alarms, control
	report.Targets = jobs.targets(p)
	report.Fits = jobs.fits()
	preOpen := in.Table
	if in.PreOpen != nil {
		preOpen = in.PreOpen
	}
	report.Attention = lifts(preOpen, c)
	judge(report)
	return report, nil
}

// describe fills in what is known before any model.
func describe(in Input, splits []split, c Config) *Report {
	t := in.Table
	dates := t.Dates()
	r := &Report{
		Source: t.Source, Cutoff: t.Cutoff, DataHash: t.Hash(), CodeVersion: in.Version, Rows: len(t.Rows),
		Tickers: t.Tickers(), Sessions: len(dates), From: dates[0].String(), To: dates[len(dates)-1].String(), Config: c,
	}
	// Where the files lie on this machine makes no difference to what was found.
	for _, place := range []*string{&r.Config.Data.Tape, &r.Config.Data.CSV} {
		if *place != "" {
			*place = filepath.Base(*place)
		}
	}
	tested := make(map[calendar.Date]bool)
	for _, s := range splits {
		for _, i := range s.test {
			if !math.IsNaN(t.Rows[i].Outcome.Return) {
				tested[t.Rows[i].Date] = true
			}
		}
		r.Blocks = append(r.Blocks, Block{
			Name: s.name, TrainRows: len(s.train), TestRows: len(s.test), TrainTo: s.trainTo.String(), TestFrom: s.testMin.String(),
		})
	}
	r.TestDays = len(tested)
	r.Tried = c.TriedBefore + len(c.Targets)*len(c.Configurations)
	r.Notes = notes(t, c)
	return r
}

// notes says which configurations are not what they are called, for want of words.
func notes(t *Table, c Config) []string {
	said := []string{}
	if slices.ContainsFunc(t.Rows, func(row Row) bool { return len(row.Words) > 0 }) {
		return said
	}
	for _, configuration := range c.Configurations {
		if configuration.Text {
			said = append(said, fmt.Sprintf("%s has no words here, and sees its columns alone: %s holds none, and no tape is named beside it.",
				configuration.Name, t.Source))
		}
	}
	return said
}

// jobs are all pairs of target and configuration, each with the forecasts of its
// test rows.
type jobs struct {
	table  *Table
	config Config
	splits []split
	pairs  []*pair
}

// pair is one configuration on one target.
type pair struct {
	learner *learner
	splits  []forecasts
}

// forecasts are those of one split's test rows.
type forecasts struct {
	values  []float64
	mean, c float64
}

func newJobs(t *Table, splits []split, c Config) (*jobs, error) {
	j := &jobs{table: t, config: c, splits: splits}
	for _, target := range c.Targets {
		for _, configuration := range c.all() {
			l, err := newLearner(t, c, configuration, target)
			if err != nil {
				return nil, fmt.Errorf("configuration %s: %w", configuration.Name, err)
			}
			if known := len(l.known(splits[0].train)); known < leastRows/2 {
				return nil, fmt.Errorf("too few days: target %s is known of %d training rows before %s, at least %d are needed",
					target, known, splits[0].testMin, leastRows/2)
			}
			j.pairs = append(j.pairs, &pair{learner: l, splits: make([]forecasts, len(splits))})
		}
	}
	return j, nil
}

// forecast fits every pair on every split, on all cores.
func (j *jobs) forecast(ctx context.Context, p *progress) error {
	p.begin("models", len(j.pairs)*len(j.splits))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, pair := range j.pairs {
		for at, s := range j.splits {
			group.Go(func() error {
				if err := pair.forecast(ctx, at, s); err != nil {
					return fmt.Errorf("%s of %s, %s: %w", pair.learner.of.Name, pair.learner.target, s.name, err)
				}
				p.step()
				return nil
			})
		}
	}
	return group.Wait()
}

func (p *pair) forecast(ctx context.Context, at int, s split) (err error) {
	f := &p.splits[at]
	f.values, f.mean, f.c, err = p.learner.forecast(ctx, s)
	return err
}

// fits is how many models were fitted.
func (j *jobs) fits() int {
	fits := 0
	for _, p := range j.pairs {
		if p.splits[0].c > 0 {
			fits += len(j.splits) * (1 + len(j.config.C))
		}
	}
	return fits
}

// progress passes on how far a run is.
type progress struct {
	tell func(stage string, done, total int)

	mu          sync.Mutex
	stage       string
	done, total int
}

func (p *progress) begin(stage string, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stage, p.done, p.total = stage, 0, total
	p.say()
}

func (p *progress) step() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.say()
}

func (p *progress) say() {
	if p.tell != nil {
		p.tell(p.stage, p.done, p.total)
	}
}

// LeakError says which alarms rang: the run's scores are worth nothing.
type LeakError struct {
	Alarms []Alarm // those that rang
}

// Error returns a line for each alarm.
func (e *LeakError) Error() string {
	errs := make([]error, len(e.Alarms))
	for i, alarm := range e.Alarms {
		errs[i] = fmt.Errorf("leak alarm %s: %s", alarm.Name, alarm.Finding)
	}
	return errors.Join(errs...).Error()
}
