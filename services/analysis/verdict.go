package analysis

import (
	"fmt"
	"math"
	"strconv"
)

const sessionsMonth = 21

// significant is the level of a claim after correction.
const significant = 0.05

// judge writes the sentences: what each target shows, and what all of it supports.
func judge(r *Report) {
	long := r.TestDays >= r.Config.ClaimDays
	found := 0
	for i := range r.Targets {
		t := &r.Targets[i]
		best := t.best()
		switch {
		case !long:
			t.Verdict = fmt.Sprintf("%s: no claim. %d test days are too few, %d are the least; the best of what was tried, %s, stands at %s.",
				t.Target, r.TestDays, r.Config.ClaimDays, best.Configuration, best.headline())
		case float64(best.HolmP) < significant && float64(best.Gain.Low) > 0:
			t.Evidence = true
			found++
			t.Verdict = fmt.Sprintf("%s: evidence. %s stands at %s, p = %s after correction for %d tries, and its loss is below that of %s by %s [%s, %s].",
				t.Target, best.Configuration, best.headline(), best.HolmP, r.Tried, best.BestBaseline,
				best.Gain.Value.decimals(5), best.Gain.Low.decimals(5), best.Gain.High.decimals(5))
		default:
			t.Verdict = fmt.Sprintf("%s: no evidence. The best of what was tried, %s, stands at %s, p = %s after correction for %d tries, and its loss is below that of %s by %s [%s, %s].",
				t.Target, best.Configuration, best.headline(), best.HolmP, r.Tried, best.BestBaseline,
				best.Gain.Value.decimals(5), best.Gain.Low.decimals(5), best.Gain.High.decimals(5))
		}
	}
	r.Summary = r.summary(long, found)
}

func (r *Report) summary(long bool, found int) string {
	what := fmt.Sprintf("%s over %s (%d sessions, %s to %s, %d of them tested)",
		plural(len(r.Tickers), "ticker"), plural((r.Sessions+sessionsMonth/2)/sessionsMonth, "month"), r.Sessions, r.From, r.To, r.TestDays)
	switch {
	case !long:
		return fmt.Sprintf("%s support no claim: at least %d test days are needed before any.", what, r.Config.ClaimDays)
	case found == 0:
		return fmt.Sprintf("%s: a null result. No target shows evidence that any of %d tries beats the baselines.", what, r.Tried)
	default:
		return fmt.Sprintf("%s: evidence for %d of %d targets after correction for %d tries.", what, found, len(r.Targets), r.Tried)
	}
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

// best is the configuration, baselines aside, that most likely has skill.
func (t *TargetReport) best() Result {
	var best *Result
	for i := range t.Results {
		r := &t.Results[i]
		if !r.Baseline && (best == nil || float64(r.P) < float64(best.P)) {
			best = r
		}
	}
	return *best
}

// headline is the score that says how much a model knows.
func (r Result) headline() string {
	if auc := r.metric("auc"); !math.IsNaN(float64(auc.Value)) {
		return "AUC " + auc.String()
	}
	return "R2 " + r.metric("r2").String()
}
