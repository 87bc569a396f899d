package analysis

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cashtag/internal/calendar"
)

// The movements of the StockNet benchmark (Xu and Cohen 2018) that are neither up
// nor down: from the first, included, to the second. Above 0 is up.
const (
	stockNetDown = -0.005
	stockNetUp   = 0.0055
)

// stockNetParts are the benchmark's stretches of time and their numbers of rows on
// the full data set.
var stockNetParts = []struct {
	name     string
	from, to calendar.Date // to is not part of it
	rows     int
}{
	{"train", calendar.NewDate(2014, 1, 1), calendar.NewDate(2015, 8, 1), 20345},
	{"dev", calendar.NewDate(2015, 8, 1), calendar.NewDate(2015, 10, 1), 2555},
	{"test", calendar.NewDate(2015, 10, 1), calendar.NewDate(2016, 1, 1), 3720},
}

// stockNetTickers is how many tickers the full data set has.
const stockNetTickers = 87

// Benchmark is what StockNet found.
type Benchmark struct {
	Complete bool // the data is the full set
	Tickers  int
	Parts    []BenchmarkPart
	Scores   []BenchmarkScore
	TestDays int
	UpShare  Figure // of the test rows
	Note     string // why there are no scores, or what they are of
}

// BenchmarkPart is one stretch with its rows.
type BenchmarkPart struct {
	Name       string
	From, To   string // To is not part of it
	Rows, Want int
}

// BenchmarkScore is one model on the test rows.
type BenchmarkScore struct {
	Model              string
	Accuracy, MCC, AUC Estimate
	C                  float64
}

// Published are the scores that others have printed for this benchmark: accuracy
// in percent and MCC, as the authors have them and as others measured them again
// (0 where nobody did).
type Published struct {
	Model                  string
	Accuracy, MCC          float64
	AgainAccuracy, AgainMC float64
}

// PublishedStockNet returns the table of published scores.
func PublishedStockNet() []Published {
	return []Published{
		{"StockNet (Xu and Cohen 2018)", 58.2, 0.081, 53.6, -0.025},
		{"Adv-ALSTM (Feng et al. 2019)", 57.2, 0.148, 53.1, 0.069},
		{"DTML (Yoo et al. 2021)", 57.4, 0.191, 58.1, 0.181},
		{"SLOT (Soun et al. 2022)", 58.7, 0.207, 0, 0},
	}
}

// StockNet runs the standard benchmark on a table of every session of a tape with
// the cut-off CutoffClose. The label is the movement of the adjusted close from one
// session to the next, small ones left out; a row needs prices and no posts, which
// is what gives the published numbers of rows. C is chosen on dev by log loss, and
// what was chosen is fitted on train alone.
//
// On data whose stretches are too short for a test it returns numbers of rows and a
// note, no scores. It returns an error where the data has the full set's tickers
// and other numbers of rows.
func StockNet(ctx context.Context, in Input, c Config) (*Benchmark, error) {
	t := in.Table
	if t.Cutoff != CutoffClose {
		return nil, fmt.Errorf("cutoff is %q: the benchmark needs %s", t.Cutoff, CutoffClose)
	}
	b := &Benchmark{Tickers: len(t.Tickers())}
	kept := stockNetRows(t)
	var s split
	into := []*[]int{&s.fit, &s.dev, &s.test}
	matches := true
	for at, part := range stockNetParts {
		for i, row := range kept.Rows {
			if row.Date.Compare(part.from) >= 0 && row.Date.Compare(part.to) < 0 {
				*into[at] = append(*into[at], i)
			}
		}
		matches = matches && len(*into[at]) == part.rows
		b.Parts = append(b.Parts, BenchmarkPart{
			Name: part.name, From: part.from.String(), To: part.to.String(), Rows: len(*into[at]), Want: part.rows,
		})
	}
	b.Complete = matches
	if b.Tickers >= stockNetTickers && !matches {
		return b, fmt.Errorf("the data has %d tickers and %s rows; the full StockNet set has 20345, 2555 and 3720: files are missing or were changed", b.Tickers, b.counts())
	}
	if len(s.fit) == 0 || len(s.dev) == 0 || len(s.test) == 0 {
		b.Note = fmt.Sprintf("The full StockNet set is not there: %s and no rows of %s, so there is nothing to score.", plural(b.Tickers, "ticker"), b.empty())
		return b, nil
	}
	if !matches {
		b.Note = fmt.Sprintf("The full StockNet set is not there: %s with %s rows. The scores are of this part alone and compare with nothing published.", plural(b.Tickers, "ticker"), b.counts())
	}
	s.train = s.fit
	return b, b.score(ctx, kept, s, c, &progress{tell: in.Progress})
}

// stockNetRows returns the table without small movements.
func stockNetRows(t *Table) *Table {
	kept := *t
	kept.rebuild = nil
	kept.Rows = slices.DeleteFunc(slices.Clone(t.Rows), func(row Row) bool {
		r := row.Outcome.CloseToClose
		return math.IsNaN(r) || r >= stockNetDown && r < stockNetUp
	})
	return &kept
}

func (b *Benchmark) counts() string {
	counts := make([]string, len(b.Parts))
	for i, part := range b.Parts {
		counts[i] = strconv.Itoa(part.Rows)
	}
	return strings.Join(counts, ", ")
}

func (b *Benchmark) empty() string {
	var names []string
	for _, part := range b.Parts {
		if part.Rows == 0 {
			names = append(names, part.Name)
		}
	}
	return strings.Join(names, " and ")
}

// score rings the alarms, then fits baselines and configurations and scores them
// on the test rows.
func (b *Benchmark) score(ctx context.Context, t *Table, s split, c Config, p *progress) error {
	c.Targets = []Target{Direction}
	if _, _, err := ring(ctx, t, []split{s}, c, p); err != nil {
		return err
	}
	jobs, err := newJobs(t, []split{s}, c)
	if err != nil {
		return err
	}
	if err := jobs.forecast(ctx, p); err != nil {
		return err
	}
	for _, pair := range jobs.pairs {
		pool := pair.pool(jobs.splits)
		draws := jobs.bootstrap()
		accuracy := pool.mean(draws, pool.probable.Right)
		b.Scores = append(b.Scores, BenchmarkScore{
			Model: pair.learner.of.Name, Accuracy: estimate(accuracy), MCC: estimate(pool.mcc(draws)), AUC: estimate(pool.skill(draws)), C: pair.splits[0].c,
		})
		b.TestDays, b.UpShare = len(pool.dates), pool.share()
	}
	return nil
}

// Text returns the benchmark as a table for a terminal, beside what is published.
func (b *Benchmark) Text() string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	line("%-6s %-24s %8s %10s", "part", "sessions", "rows", "full set")
	for _, part := range b.Parts {
		line("%-6s %s to %s %8d %10d", part.Name, part.From, part.To, part.Rows, part.Want)
	}
	if b.Note != "" {
		line("\n%s", b.Note)
	}
	if len(b.Scores) > 0 {
		line("\n%d test days, %s of the rows up; as of 16:00 New York time of the session before; 95%% intervals from drawing days", b.TestDays, b.UpShare)
		line("%-30s %-24s %-24s %-24s %s", "model", "accuracy", "MCC", "AUC", "C")
		for _, s := range b.Scores {
			line("%-30s %-24s %-24s %-24s %v", s.Model, s.Accuracy, s.MCC, s.AUC, s.C)
		}
	}
	line("\n%-30s %-10s %-8s %s", "published on the full set", "accuracy", "MCC", "measured again by others")
	for _, p := range PublishedStockNet() {
		again := "-"
		if p.AgainAccuracy > 0 {
			again = fmt.Sprintf("%.1f%%, MCC %.3f", p.AgainAccuracy, p.AgainMC)
		}
		line("%-30s %-10s %-8.3f %s", p.Model, fmt.Sprintf("%.1f%%", p.Accuracy), p.MCC, again)
	}
	return out.String()
}
