package analysis_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cashtag/schemas"
	"cashtag/services/analysis"
)

// Pure noise rings no alarm, shows no evidence, and gives the same bytes twice.
func TestRunOnNoise(t *testing.T) {
	t.Parallel()
	var pages []string
	for seed := range uint64(4) {
		w := smallWorld()
		w.seed = max(seed, 1) // the first two are the same world
		c := quick()
		if seed > 1 {
			c.Targets = []analysis.Target{analysis.Direction}
		}
		report, err := analysis.Run(t.Context(), analysis.Input{Table: w.table(t, analysis.CutoffClose), Version: "test"}, c)
		if err != nil {
			t.Fatalf("world %d: %v", w.seed, err)
		}
		if !strings.Contains(report.Summary, "support no claim") || report.Targets[0].Evidence {
			t.Errorf("world %d: got %q, want no claim", w.seed, report.Summary)
		}
		page, err := report.HTML()
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, string(page)+report.Markdown())
	}
	if pages[0] != pages[1] {
		t.Error("got other bytes from the same table, want the same")
	}
}

// Words that tell the next movement are found, over enough days, and only by the
// configuration that reads them.
func TestRunFindsASignal(t *testing.T) {
	t.Parallel()
	w := smallWorld()
	w.sessions, w.signal = 400, 0.25
	c := quick()
	c.Targets, c.C, c.TriedBefore = []analysis.Target{analysis.Direction}, []float64{0.1}, 100
	report, err := analysis.Run(t.Context(), analysis.Input{Table: w.table(t, analysis.CutoffClose)}, c)
	if err != nil {
		t.Fatal(err)
	}
	if report.TestDays < 250 || !report.Targets[0].Evidence {
		t.Fatalf("got %d test days and %q, want evidence", report.TestDays, report.Targets[0].Verdict)
	}
	// A quarter of the words tell, the others are right half of the time.
	seed := result(t, report, analysis.Direction, "seed")
	for _, m := range seed.Metrics {
		if m.Name == "accuracy" && math.Abs(float64(m.Value)-0.625) > 0.04 {
			t.Errorf("got accuracy %v, want about .625", m.Value)
		}
	}
	if auc := result(t, report, analysis.Direction, "features").Metrics[0]; auc.Low > 0.5 {
		t.Errorf("got AUC %v of features that do not read, want nothing", auc.Estimate)
	}
	if e := seed.Equity; len(e) != 3 || e[0].Deflated < 0.95 || e[2].Mean.Value >= e[0].Mean.Value {
		t.Errorf("got %d curves, chance %v of skill, want 3 and a Sharpe ratio beyond luck that costs lower", len(e), e[0].Deflated)
	}
	if report.Blocks[1].Name != "2014 Q3" || len(seed.Blocks) != len(report.Blocks) {
		t.Errorf("got blocks %v, want quarters, the second of them 2014 Q3", report.Blocks)
	}
	// The smallest of two p-values, and of a hundred before.
	if ratio := float64(seed.HolmP / seed.P); math.Abs(ratio-102) > 1e-6 || report.Tried != 102 {
		t.Errorf("got p %v corrected to %v for %d tries, want 102 times as much", float64(seed.P), float64(seed.HolmP), report.Tried)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	short := smallWorld()
	short.sessions = 25
	tests := []struct {
		name  string
		world world
		spoil func(*analysis.Config)
		want  string
	}{
		{"too few days", short, func(*analysis.Config) {}, "too few days: "},
		{"too few days to train on", smallWorld(), func(c *analysis.Config) { c.LeastTrainDays = 80 }, "too few days: "},
		{"a column that is not there", smallWorld(), func(c *analysis.Config) { c.Configurations[0].Columns = []string{"moon_phase"} }, `there is no column "moon_phase": the data has posts_log, posts_z`},
		{"a target that is not there", smallWorld(), func(c *analysis.Config) { c.Targets[0] = "profit" }, `there is no target "profit": must be one of direction, large_move`},
		{"a claim from too few days", smallWorld(), func(c *analysis.Config) { c.ClaimDays = 100 }, "claim_days is 100: must be 250 to"},
		{"no embargo", smallWorld(), func(c *analysis.Config) { c.Embargo = 0 }, "embargo_days is 0: must be 1 to"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := quick()
			test.spoil(&c)
			_, err := analysis.Run(t.Context(), analysis.Input{Table: test.world.table(t, analysis.CutoffClose)}, c)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %s", err, test.want)
			}
		})
	}
}

func TestReadConfig(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, want string
	}{
		{"nothing", "", ""},
		{"targets", "targets: [large_move]\nc: [0.1]\n", ""},
		{"an unknown key", "targets: [direction]\nlearning_rate: 3\n", "line 2: there is no key learning_rate"},
		{"an unknown key within", "data: {tap: x}\n", "line 1: there is no key tap"},
		{"an unknown target", "targets: [profit]\n", `there is no target "profit"`},
		{"a target twice", "targets: [direction, direction]\n", `target "direction" is named twice`},
		{"a baseline", "configurations: [{name: majority, text: true}]\n", "that baseline always runs"},
		{"nothing to read", "configurations: [{name: mine}]\n", `configuration "mine" has neither columns nor text`},
		{"a cut-off", "data: {cutoff: '12:00'}\n", `data.cutoff is "12:00": must be 16:00 or 09:30`},
		{"a period", "period: year\n", `period is "year": must be auto, quarter, month or days`},
		{"no C", "c: []\n", "c has 0 values"},
		{"a C of 0", "c: [0]\n", "c holds 0: must be finite and above 0"},
		{"a cost", "costs_bp: [-1]\n", "costs_bp holds -1"},
		{"no YAML", "a: [", "line 1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := analysis.ReadConfig(strings.NewReader(test.text))
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n")):
				t.Errorf("got %v, want one line with %s", err, test.want)
			}
		})
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	w := smallWorld()
	report, err := analysis.Run(t.Context(), analysis.Input{Table: w.table(t, analysis.CutoffClose), PreOpen: w.table(t, analysis.CutoffOpen)}, quick())
	if err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	dir := filepath.Join(parent, "report")
	if err := report.Write(dir); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, not := range []string{"<script", "http:", "https:", "NaN", "ZgotmplZ", "<link", "@import"} {
		if strings.Contains(string(page), not) {
			t.Errorf("got %s in the page, want it to stand on its own", not)
		}
	}
	// ROC, calibration and blocks of three targets, blocks of volume, three costs.
	if got := strings.Count(string(page), "<svg"); got != 3*3+1+3 {
		t.Errorf("got %d drawings, want 13", got)
	}
	body, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil || !strings.Contains(string(body), `"summary": "5 tickers over 4 months (87 sessions`) {
		t.Errorf("got %v and %.200s, want the summary", err, body)
	}
	if text := report.Markdown(); !strings.Contains(text, "support no claim") || !strings.Contains(text, "z > 1 and at least 5 posts") {
		t.Error("got no plain sentence or no attention in the Markdown")
	}
	if err := report.Write(dir); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("got %v for a directory that is there, want an error", err)
	}
	if err := report.Write(filepath.Join(parent, "no", "such", "place")); err == nil {
		t.Error("got no error for a place that is not there")
	}
	entries, err := os.ReadDir(parent)
	if err != nil || len(entries) != 1 {
		t.Errorf("got %v, want nothing beside the report", entries)
	}
}

func TestTrain(t *testing.T) {
	t.Parallel()
	table := smallWorld().table(t, analysis.CutoffClose)
	c := quick()
	in := analysis.Input{Table: table, Version: "test"}
	got, err := analysis.Train(t.Context(), in, c, "features", analysis.LargeMove)
	if err != nil {
		t.Fatal(err)
	}
	if got.SchemaHash != table.Schema || !slices.Equal(got.Columns, table.Columns) || got.DataHash != table.Hash() || got.TrainedFrom != "2014-01-06" {
		t.Errorf("got %+v, want the table's schema, columns, hash and days", got)
	}
	if len(got.Scores) != 7 || got.Scores[0].Metric != "auc" || got.Scores[0].Low == nil || got.Scores[0].Baseline != 0.5 {
		t.Errorf("got scores %v, want seven with intervals beside the majority's", got.Scores)
	}
	var share, known float64
	for _, row := range table.Rows {
		if !math.IsNaN(row.Outcome.Large) {
			share, known = share+row.Outcome.Large, known+1
		}
	}
	share /= known
	if got.Baseline == nil || math.Abs(*got.Baseline-share) > 1e-12 {
		t.Errorf("got baseline %v, want the share of the rows, %v", got.Baseline, share)
	}
	seen := int64(0)
	for _, n := range got.Training[0].Rows {
		seen += n
	}
	if len(got.Training) != len(got.Columns) || seen != int64(known) || got.Training[0].Days < 2 {
		t.Errorf("got training %+v, want %v rows of each column", got.Training, known)
	}
	p, err := got.Predict(table.Rows[50].Values)
	if err != nil || !(p > 0 && p < 0.5) {
		t.Errorf("got %v, %v for a rare event, want a probability below one half", p, err)
	}
	if _, err := analysis.Train(t.Context(), in, c, "seed", analysis.Direction); err == nil || !strings.Contains(err.Error(), "has text") {
		t.Errorf("got %v for a configuration with text, want an error", err)
	}
	if _, err := analysis.Train(t.Context(), in, c, "other", analysis.Direction); err == nil || !strings.Contains(err.Error(), "seed, features") {
		t.Errorf("got %v for a configuration that is not there, want those that are", err)
	}
	bare := *table
	bare.Schema = ""
	if _, err := analysis.Train(t.Context(), analysis.Input{Table: &bare}, c, "features", analysis.Direction); err == nil || !strings.Contains(err.Error(), "schema") {
		t.Errorf("got %v for a table without a schema, want an error", err)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	stages := make(map[string]int)
	c := quick()
	c.Targets = []analysis.Target{analysis.Direction}
	_, err := analysis.Run(t.Context(), analysis.Input{
		Table:    smallWorld().table(t, analysis.CutoffClose),
		Progress: func(stage string, done, total int) { stages[stage] = total - done },
	}, c)
	if err != nil {
		t.Fatal(err)
	}
	if left, ok := stages["models"]; !ok || left != 0 || stages["scores"] != 0 {
		t.Errorf("got %v left to do at the end, want nothing", stages)
	}
}

func TestFromTapeRefuses(t *testing.T) {
	t.Parallel()
	w := smallWorld()
	if _, err := analysis.FromTape(w.events(), "x", "noon", false); err == nil || !strings.Contains(err.Error(), `cutoff is "noon"`) {
		t.Errorf("got %v for a cut-off at noon, want an error", err)
	}
	w.noPrices = true
	if _, err := analysis.FromTape(w.events(), "x", analysis.CutoffClose, false); err == nil || !strings.Contains(err.Error(), "the tape holds no daily prices") {
		t.Errorf("got %v for a tape with no prices, want an error", err)
	}
	w = smallWorld()
	w.noPosts = true
	if _, err := analysis.FromTape(w.events(), "x", analysis.CutoffClose, false); err == nil || !strings.Contains(err.Error(), "the tape holds no posts") {
		t.Errorf("got %v for a tape with no posts, want an error", err)
	}
	broken := errors.New("the disk is gone")
	events := func(yield func(schemas.Event, error) bool) { yield(schemas.Event{}, broken) }
	if _, err := analysis.FromTape(events, "x", analysis.CutoffClose, false); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of reading", err)
	}
}
