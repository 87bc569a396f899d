package analysis

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"cashtag/internal/calendar"
	"cashtag/internal/model"
)

// Alarm is one check against knowledge of the future.
type Alarm struct {
	Name    string `json:"name"`
	Rang    bool   `json:"rang"`
	Finding string `json:"finding"` // what was measured, against what
}

// The alarms.
const (
	alarmShifted  = "shifted labels"
	alarmShuffled = "shuffled days"
	alarmGap      = "gap column"
	alarmSameDay  = "same-day tweets"
	alarmOverlap  = "train after test"
)

// The thresholds of the alarms. A clean run is far from them and a leak far
// beyond: see docs/analysis.md.
const (
	leakErrors = 3.0  // standard errors above chance
	leakAUC    = 0.05 // and at least so much above one half
	leakR2     = 0.05
	leakRank   = 0.5  // rank correlation with a movement that had not begun
	leakCount  = 0.95 // rank correlation, ticker by ticker, with posts that were not written
	shuffles   = 3
	rebuilt    = 8 // sessions that are made again from their past alone
)

// guard runs the alarms over one table and one way of splitting it.
type guard struct {
	table  *Table
	splits []split
	config Config
	widest Configuration // every input that any configuration has
}

// ring runs all alarms. It returns a *LeakError where one rings, and the AUC that
// direction would have with the overnight gap among the columns: the control that
// shows what a leak looks like.
func ring(ctx context.Context, t *Table, splits []split, c Config, p *progress) (Estimate, []Alarm, error) {
	g, err := newGuard(t, splits, c)
	if err != nil {
		return Estimate{}, nil, err
	}
	alarms, err := g.alarms(ctx, p)
	if err != nil {
		return Estimate{}, nil, err
	}
	control, err := g.control(ctx)
	if err != nil {
		return Estimate{}, nil, err
	}
	var rang []Alarm
	for _, alarm := range alarms {
		if alarm.Rang {
			rang = append(rang, alarm)
		}
	}
	if len(rang) > 0 {
		return control, alarms, &LeakError{Alarms: rang}
	}
	return control, alarms, nil
}

func newGuard(t *Table, splits []split, c Config) (*guard, error) {
	g := &guard{table: t, splits: splits, config: c, widest: Configuration{Name: "every input"}}
	tested := 0
	for _, s := range splits {
		tested += len(s.test)
	}
	if tested < leastRows {
		return nil, fmt.Errorf("too few days: %d test rows, the leak alarms need %d to tell a leak from chance", tested, leastRows)
	}
	for _, configuration := range c.all() {
		g.widest.Columns = append(g.widest.Columns, configuration.Columns...)
		g.widest.Text = g.widest.Text || configuration.Text
	}
	g.config.C = []float64{c.C[len(c.C)-1]} // the weakest penalty memorises best
	return g, nil
}

func (g *guard) alarms(ctx context.Context, p *progress) ([]Alarm, error) {
	p.begin("alarms", 4)
	alarms := []Alarm{g.overlap()}
	sameDay, err := g.sameDay()
	if err != nil {
		return nil, err
	}
	gap, err := g.gap(g.table)
	if err != nil {
		return nil, err
	}
	if err := g.deaf(); err != nil {
		return nil, err
	}
	p.step()
	shifted, err := g.shifted(ctx)
	if err != nil {
		return nil, err
	}
	p.step()
	shuffled, err := g.shuffled(ctx)
	if err != nil {
		return nil, err
	}
	p.step()
	return append(alarms, shifted, shuffled, gap, sameDay), nil
}

// shifted fits and scores targets on labels of other sessions, moved in a circle.
// What a model knows of those can only have come through the protocol.
func (g *guard) shifted(ctx context.Context) (Alarm, error) {
	alarm := Alarm{Name: alarmShifted}
	n := len(g.table.Dates())
	order := make([]int, n)
	for i := range order {
		order[i] = (i + n/2) % n
	}
	for _, target := range g.config.Targets {
		skill, noSkill, err := g.skill(ctx, target, order)
		if err != nil {
			return alarm, err
		}
		alarm.hear(skill, noSkill, string(target)+" of the session half the table away")
	}
	return alarm, nil
}

// shuffled does the same with sessions in random orders, of which it hears the
// mean: one order of few sessions may be like the true one.
func (g *guard) shuffled(ctx context.Context) (Alarm, error) {
	alarm := Alarm{Name: alarmShuffled}
	random := rand.New(rand.NewPCG(g.config.Seed, 0x5eed))
	var mean model.Interval
	var chance float64
	for range shuffles {
		skill, noSkill, err := g.skill(ctx, g.config.Targets[0], random.Perm(len(g.table.Dates())))
		if err != nil {
			return alarm, err
		}
		mean.Value += skill.Value / shuffles
		mean.Error += skill.Error / shuffles / math.Sqrt2 // orders share forecasts: less than the root of their number
		chance = noSkill
	}
	alarm.hear(mean, chance, fmt.Sprintf("%s with the days shuffled, on average of %d orders,", g.config.Targets[0], shuffles))
	return alarm, nil
}

// hear takes in what a model knew of labels that it could know nothing of. The
// worst stands in the finding.
func (a *Alarm) hear(skill model.Interval, noSkill float64, what string) {
	margin := leakAUC
	measure := "AUC"
	if noSkill == 0 {
		margin, measure = leakR2, "R2"
	}
	rang := skill.Value > noSkill+margin && skill.Value-leakErrors*skill.Error > noSkill
	text := fmt.Sprintf("%s is foretold with %s %.3f (standard error %.3f); chance is %.1f", what, measure, skill.Value, skill.Error, noSkill)
	if rang && !a.Rang || a.Finding == "" {
		a.Finding = text
	} else if !rang && !a.Rang {
		a.Finding += "; " + text
	}
	a.Rang = a.Rang || rang
}

// skill is how well the widest configuration foretells the labels of a target
// when each session has those of another.
func (g *guard) skill(ctx context.Context, target Target, order []int) (model.Interval, float64, error) {
	l, err := newLearner(g.table, g.config, g.widest, target)
	if err != nil {
		return model.Interval{}, 0, err
	}
	l.labels = g.moved(l.labels, order)
	score, err := g.run(ctx, l)
	if err != nil {
		return model.Interval{}, 0, err
	}
	noSkill := 0.5
	if target.Continuous() {
		noSkill = 0
	}
	return score, noSkill, nil
}

// run fits a learner on every split and scores all forecasts together.
func (g *guard) run(ctx context.Context, l *learner) (model.Interval, error) {
	jobs := &jobs{table: g.table, config: g.config, splits: g.splits, pairs: []*pair{{learner: l, splits: make([]forecasts, len(g.splits))}}}
	if err := jobs.forecast(ctx, &progress{}); err != nil {
		return model.Interval{}, err
	}
	pool := jobs.pairs[0].pool(g.splits)
	if len(pool.rows) == 0 {
		return model.Interval{Value: notKnown}, nil
	}
	b := jobs.bootstrap()
	b.Draws = min(b.Draws, 300)
	return pool.skill(b), nil
}

// moved gives the rows of session i the labels of session order[i], ticker by
// ticker.
func (g *guard) moved(labels []float64, order []int) []float64 {
	type key struct {
		ticker string
		date   calendar.Date
	}
	dates := g.table.Dates()
	at := make(map[calendar.Date]int, len(dates))
	for i, date := range dates {
		at[date] = i
	}
	of := make(map[key]float64)
	for i, row := range g.table.Rows {
		of[key{row.Ticker, row.Date}] = labels[i]
	}
	out := make([]float64, len(labels))
	for i, row := range g.table.Rows {
		label, ok := of[key{row.Ticker, dates[order[at[row.Date]]]}]
		if !ok {
			label = notKnown
		}
		out[i] = label
	}
	return out
}

// overlap checks that no model was fitted on what was not known when it was first
// used.
func (g *guard) overlap() Alarm {
	alarm := Alarm{Name: alarmOverlap, Finding: "every outcome that was trained on was known before the first cut-off it was used at"}
	for _, s := range g.splits {
		var newest time.Time
		for _, i := range s.train {
			session, _ := calendar.XNYS().Session(g.table.Rows[i].Date)
			if session.Close.After(newest) {
				newest = session.Close
			}
		}
		for _, i := range s.test {
			row := g.table.Rows[i]
			if row.Cutoff.Before(newest) {
				alarm.Rang = true
				alarm.Finding = fmt.Sprintf("%s on %s is foretold as of %s by a model of outcomes up to %s",
					row.Ticker, row.Date, row.Cutoff.Format(time.RFC3339), newest.Format(time.RFC3339))
				return alarm
			}
		}
	}
	return alarm
}
