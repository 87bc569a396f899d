package analysis_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"cashtag/internal/calendar"
	"cashtag/internal/model"
	"cashtag/services/analysis"
)

// told is a table of one column that tells the next movement as loudly as is said;
// the session after its last is there too, and nothing is known of it.
func told(sessions int, loud float64) *analysis.Table {
	random := rand.New(rand.NewPCG(7, 7))
	t := &analysis.Table{
		Columns: []string{"hint", "noise"}, Source: "told", Cutoff: analysis.CutoffClose, Schema: "9f86d081884c7d65", Window: "day",
	}
	var before calendar.Session
	at := 0
	for session := range calendar.XNYS().Range(calendar.NewDate(2014, 1, 2), calendar.NewDate(2015, 1, 2)) {
		if at++; at > 1 && at <= sessions+2 {
			for _, ticker := range []string{"AAA", "BBB", "CCC", "DDD"} {
				movement := 0.01 * random.NormFloat64()
				row := analysis.Row{Ticker: ticker, Date: session.Date, Cutoff: before.Close, LatestInput: before.Close}
				row.Values = []float64{loud*movement/0.01 + random.NormFloat64(), random.NormFloat64()}
				nan := math.NaN()
				row.Outcome = analysis.Outcome{
					Return: movement, Large: nan, Volume: 0.5*row.Values[0] + random.NormFloat64(), Relative: nan,
					CloseToClose: movement, LargeClose: nan, Gap: 0.001 * random.NormFloat64(), SameDay: nan,
				}
				if at == sessions+2 {
					row.Outcome = analysis.Outcome{Return: nan, Large: nan, Volume: nan, Relative: nan, CloseToClose: nan, LargeClose: nan, Gap: nan, SameDay: nan}
				}
				t.Rows = append(t.Rows, row)
			}
		}
		before = session
	}
	return t
}

func hinted() analysis.Config {
	c := quick()
	c.C = []float64{0.1}
	c.Configurations = []analysis.Configuration{{Name: "hint", Columns: []string{"hint"}}, {Name: "noise", Columns: []string{"noise"}}}
	return c
}

// fit trains on the first sessions of a table.
func fit(t *testing.T, table *analysis.Table, sessions int, configuration string, target analysis.Target) *model.Artefact {
	t.Helper()
	part := *table
	part.Rows = table.Rows[:4*sessions]
	a, err := analysis.Train(t.Context(), analysis.Input{Table: &part, Version: "test"}, hinted(), configuration, target)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestCompare(t *testing.T) {
	t.Parallel()
	table := told(120, 0.5)
	backwards := func(a *model.Artefact) { a.Linear.Weights[0] = -a.Linear.Weights[0] }
	tests := []struct {
		name   string
		target analysis.Target
		old    string
		spoil  func(*model.Artefact)
		better bool
	}{
		{"another year of the same", analysis.Direction, "hint", func(*model.Artefact) {}, false},
		{"an old one that is wrong", analysis.Direction, "hint", backwards, true},
		{"an old one that knows nothing", analysis.Direction, "noise", func(*model.Artefact) {}, true},
		{"the same, of a number", analysis.AbnormalVolume, "hint", func(*model.Artefact) {}, false},
		{"wrong, of a number", analysis.AbnormalVolume, "hint", backwards, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			old := fit(t, table, 60, test.old, test.target)
			test.spoil(old)
			got, err := analysis.Compare(t.Context(), analysis.Input{Table: table}, hinted(), "hint", test.target, old)
			if err != nil {
				t.Fatal(err)
			}
			if got.Better() != test.better {
				t.Errorf("got old %s, new %s, difference %s, want better %t", got.Old, got.New, got.Difference, test.better)
			}
			if want := got.New.Value - got.Old.Value; math.Abs(float64(got.Difference.Value-want)) > 1e-9 {
				t.Errorf("got difference %v, want %v", got.Difference.Value, want)
			}
			// 60 sessions after the last that was trained on, without the first.
			if got.Days != 59 || got.Rows != 4*59 || got.From <= old.TrainedTo {
				t.Errorf("got %d rows of %d sessions from %s, want those after %s", got.Rows, got.Days, got.From, old.TrainedTo)
			}
			// Both are wrong on the same days: the pair is known better than either.
			if spread := got.Difference.High - got.Difference.Low; !test.better && spread > (got.New.High-got.New.Low)/2 {
				t.Errorf("got a difference within %s where one is within %s, want it drawn in pairs", got.Difference, got.New)
			}
		})
	}
}

func TestCompareRefuses(t *testing.T) {
	t.Parallel()
	table := told(120, 0.5)
	tests := []struct {
		name  string
		spoil func(*model.Artefact)
		want  string
	}{
		{"nothing held out", func(a *model.Artefact) { a.TrainedTo = table.Rows[len(table.Rows)-1].Date.String() }, "0 sessions held out"},
		{"too little held out", func(a *model.Artefact) { a.TrainedTo = table.Rows[4*100].Date.String() }, "18 sessions held out"},
		{"another schema", func(a *model.Artefact) { a.SchemaHash = "0000000000000000" }, "another feature schema"},
		{"another target", func(a *model.Artefact) { a.Target = "large_move" }, "predicts large_move from day"},
		{"another column", func(a *model.Artefact) { a.Columns = []string{"moon"} }, "reads moon"},
		{"no day", func(a *model.Artefact) { a.TrainedTo = "" }, "does not say what it was trained on"},
	}
	whole := fit(t, table, 60, "hint", analysis.Direction)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			old := *whole
			test.spoil(&old)
			_, err := analysis.Compare(t.Context(), analysis.Input{Table: table}, hinted(), "hint", analysis.Direction, &old)
			if !errors.Is(err, analysis.ErrNoComparison) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %s", err, test.want)
			}
		})
	}
}

// The session to come, of which nothing is known, is none that was trained on.
func TestTrainLeavesOutWhatIsToCome(t *testing.T) {
	t.Parallel()
	table := told(60, 0.5)
	last := table.Rows[len(table.Rows)-1].Date.String()
	a := fit(t, table, 61, "hint", analysis.Direction)
	if a.TrainedTo >= last || a.Days != 60 {
		t.Errorf("got %d sessions up to %s, want 60, before %s", a.Days, a.TrainedTo, last)
	}
}

func TestConfigOfModels(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, want string
	}{
		{"one", "models: [{name: direction, target: direction, configuration: features}]", ""},
		{"no name", "models: [{target: direction, configuration: features}]", `models[0].name is "": must be`},
		{"a name that is no subject", "models: [{name: a.b, target: direction, configuration: features}]", `models[0].name is "a.b": must be`},
		{"twice", "models: [{name: up, target: direction, configuration: features}, {name: up, target: large_move, configuration: features}]", `models[1].name is "up": it is there twice`},
		{"a target", "models: [{name: up, target: profit, configuration: features}]", `models[0]: there is no target "profit"`},
		{"a configuration", "models: [{name: up, target: direction, configuration: mine}]", `models[0]: there is no configuration "mine"`},
		{"words", "models: [{name: up, target: direction, configuration: seed}]", `models[0]: configuration "seed" has text`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := analysis.ReadConfig(strings.NewReader(test.text))
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
