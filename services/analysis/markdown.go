package analysis

import (
	"fmt"
	"strings"
)

// Markdown returns the report as a page of Markdown.
func (r *Report) Markdown() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Analysis of %s", r.Source)
	line("\n**%s**\n", r.Summary)
	for _, t := range r.Targets {
		line("- %s", t.Verdict)
	}
	for _, note := range r.Notes {
		line("- %s", note)
	}
	line("\nEverything is known at %s; %d rows, data %.12s, program %s. Intervals are of 95 percent, from drawing whole days.", r.cutoffText(), r.Rows, r.DataHash, r.CodeVersion)
	line("%d models were fitted; %d hypotheses are corrected for (Holm).", r.Fits, r.Tried)
	for _, t := range r.Targets {
		line("\n## %s\n", t.Target)
		r.markdownScores(line, t)
		r.markdownBlocks(line, t)
		r.markdownEquity(line, t)
	}
	r.markdownAttention(line)
	line("\n## Leak alarms\n")
	for _, alarm := range r.Alarms {
		line("- %s: %s. %s.", alarm.Name, alarm.state(), alarm.Finding)
	}
	line("- control: with the overnight gap planted among the columns of price, direction would stand at AUC %s.", r.Control)
	line("\n## Blocks\n\n| block | trained on rows | up to | tested rows | from |\n|---|---|---|---|---|")
	for _, block := range r.Blocks {
		line("| %s | %d | %s | %d | %s |", block.Name, block.TrainRows, block.TrainTo, block.TestRows, block.TestFrom)
	}
	return b.String()
}

type printer func(format string, args ...any)

func (r *Report) markdownScores(line printer, t TargetReport) {
	if t.Target.Continuous() {
		line("| configuration | R2 | MSE | p | Holm p | loss below the best baseline | Diebold-Mariano t |\n|---|---|---|---|---|---|---|")
	} else {
		line("| configuration | AUC | accuracy | MCC | Brier | log loss | p | Holm p | loss below the best baseline | Diebold-Mariano t |\n|---|---|---|---|---|---|---|---|---|---|")
	}
	for _, result := range t.Results {
		cells := []string{result.Configuration}
		for _, m := range result.Metrics {
			cells = append(cells, m.String())
		}
		gain := "-"
		if !result.Baseline {
			gain = fmt.Sprintf("%s [%s, %s] (%s)", result.Gain.Value.decimals(5), result.Gain.Low.decimals(5), result.Gain.High.decimals(5), result.BestBaseline)
		}
		cells = append(cells, result.P.String(), result.HolmP.String(), gain, result.DieboldT.decimals(2))
		line("| %s |", strings.Join(cells, " | "))
	}
	if len(t.Results) > 0 {
		line("\n%s.", t.base())
	}
}

// base says how often the target happened, or its mean.
func (t TargetReport) base() string {
	what := "Share that happened"
	if t.Target.Continuous() {
		what = "Mean"
	}
	return fmt.Sprintf("%s: %s of %d rows", what, t.Results[0].Base, t.Results[0].Rows)
}

func (r *Report) markdownBlocks(line printer, t TargetReport) {
	heads := []string{"block"}
	for _, result := range t.Results {
		heads = append(heads, result.Configuration)
	}
	line("\n%s by block:\n\n| %s |\n|%s", t.measure(), strings.Join(heads, " | "), strings.Repeat("---|", len(heads)))
	for i, block := range r.Blocks {
		cells := []string{block.Name}
		for _, result := range t.Results {
			cells = append(cells, result.Blocks[i].Score.String())
		}
		line("| %s |", strings.Join(cells, " | "))
	}
}

func (r *Report) markdownEquity(line printer, t TargetReport) {
	if len(t.Results) == 0 || len(t.Results[0].Equity) == 0 {
		return
	}
	line("\nFollowing the forecasts, long or short with equal weights:\n\n| configuration | cost bp | bp a day | Sharpe a year | deflated Sharpe |\n|---|---|---|---|---|")
	for _, result := range t.Results {
		for _, e := range result.Equity {
			line("| %s | %v | %s [%s, %s] | %s | %s |", result.Configuration, e.CostBP,
				e.Mean.Value.decimals(1), e.Mean.Low.decimals(1), e.Mean.High.decimals(1), e.Sharpe.decimals(2), e.Deflated.decimals(2))
		}
	}
}

func (r *Report) markdownAttention(line printer) {
	if len(r.Attention) == 0 {
		return
	}
	line("\n## Attention\n\n| rule | large move | as of | flagged | rows | share of flagged | share of all | lift |\n|---|---|---|---|---|---|---|---|")
	for _, l := range r.Attention {
		// A bar would end the cell.
		outcome := strings.ReplaceAll(l.Outcome, "|", "\\|")
		line("| %s | %s | %s | %d | %d | %s | %s | %s |", l.Rule, outcome, l.Cutoff, l.Flagged, l.Rows, l.Rate, l.Base, l.Lift)
	}
	if said := r.attentionText(); said != "" {
		line("\n%s", said)
	}
}

// attentionText says where there are too few days for a claim on attention.
func (r *Report) attentionText() string {
	if days := r.Attention[0].Days; days < r.Config.ClaimDays {
		return fmt.Sprintf("%d days support no claim on attention either.", days)
	}
	return ""
}

// cutoffText says when the cut-off is.
func (r *Report) cutoffText() string {
	if r.Cutoff == CutoffOpen {
		return "09:30 New York time of the session, whose movement is from then to its close"
	}
	return "the close of the session before (16:00 New York time), from which the movement is to the next close"
}

// measure names the score that says how much a model knows.
func (t TargetReport) measure() string {
	if t.Target.Continuous() {
		return "R2"
	}
	return "AUC"
}

func (a Alarm) state() string {
	if a.Rang {
		return "RANG"
	}
	return "silent"
}
