package analysis

import "cashtag/internal/model"

// Report is everything that a run found. A report of the same table and
// configuration has the same bytes.
type Report struct {
	Summary     string         `json:"summary"` // one sentence on what all of it supports
	Notes       []string       `json:"notes"`   // what else a reader must know, a sentence each
	Source      string         `json:"source"`
	Cutoff      string         `json:"cutoff"`
	DataHash    string         `json:"data_hash"`
	CodeVersion string         `json:"code_version"`
	Rows        int            `json:"rows"`
	Tickers     []string       `json:"tickers"`
	Sessions    int            `json:"sessions"`
	From        string         `json:"from"`
	To          string         `json:"to"`
	TestDays    int            `json:"test_days"`
	Blocks      []Block        `json:"blocks"`
	Tried       int            `json:"tried"` // hypotheses of this run and of earlier ones, all corrected for
	Fits        int            `json:"fits"`  // models that were fitted, those of choosing C among them
	Targets     []TargetReport `json:"targets"`
	Alarms      []Alarm        `json:"alarms"`
	Control     Estimate       `json:"gap_control_auc"` // of direction, with the overnight gap planted: what a leak would look like
	Attention   []Lift         `json:"attention"`
	Config      Config         `json:"config"`
}

// Block is one stretch of test sessions.
type Block struct {
	Name      string `json:"name"`
	TrainRows int    `json:"train_rows"`
	TestRows  int    `json:"test_rows"`
	TrainTo   string `json:"train_to"`
	TestFrom  string `json:"test_from"`
}

// TargetReport is what was found of one target.
type TargetReport struct {
	Target   Target   `json:"target"`
	Evidence bool     `json:"evidence"`
	Verdict  string   `json:"verdict"` // a plain sentence
	Results  []Result `json:"results"` // baselines first
}

// Result is one configuration on one target. Metrics that do not fit the kind of
// target are not there.
type Result struct {
	Configuration string        `json:"configuration"`
	Baseline      bool          `json:"baseline"`
	Rows          int           `json:"rows"`
	Base          Figure        `json:"base"` // share of what happened, or mean
	Metrics       []Metric      `json:"metrics"`
	P             Figure        `json:"p"`      // of no skill at all, one-sided
	HolmP         Figure        `json:"holm_p"` // corrected for all that was tried
	Gain          Estimate      `json:"gain"`   // loss of the best baseline less this one's
	BestBaseline  string        `json:"best_baseline"`
	DieboldT      Figure        `json:"diebold_mariano_t"` // against that baseline
	Blocks        []BlockScore  `json:"blocks"`
	ROC           []model.Point `json:"roc,omitempty"`
	Calibration   []Bin         `json:"calibration,omitempty"`
	Equity        []Equity      `json:"equity,omitempty"`
}

// Metric is one named score. Lower is better of brier, log_loss and mse.
type Metric struct {
	Name string `json:"name"`
	Estimate
}

// metric returns a named score, or one that is not defined.
func (r Result) metric(name string) Estimate {
	for _, m := range r.Metrics {
		if m.Name == name {
			return m.Estimate
		}
	}
	return Estimate{Value: Figure(notKnown), Low: Figure(notKnown), High: Figure(notKnown), Error: Figure(notKnown)}
}

// Bin is a group of forecasts of about the same probability, with how many of them
// happened.
type Bin struct {
	Forecast float64  `json:"forecast"`
	Happened Estimate `json:"happened"`
	Count    int      `json:"count"`
}

// BlockScore is the AUC, or R2, of one block, with the C chosen for it.
type BlockScore struct {
	Name  string   `json:"name"`
	Score Estimate `json:"score"`
	C     float64  `json:"c,omitempty"`
}

// Equity is what following the forecasts of direction would have earned: each
// ticker long or short for the horizon, with equal weights.
type Equity struct {
	CostBP   float64   `json:"cost_bp"`
	Days     []string  `json:"days"`
	Total    []float64 `json:"total"`           // sum of the daily returns up to each day
	Sharpe   Figure    `json:"sharpe"`          // a year of 252 sessions
	Deflated Figure    `json:"deflated_sharpe"` // chance that it is above the luck of all that was tried
	Mean     Estimate  `json:"mean_bp"`         // of a day, in hundredths of a percent
}
