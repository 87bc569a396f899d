package sentiment

import (
	"context"
	"math"
	"sync"

	posttext "cashtag/internal/text"
	"cashtag/schemas"

	"github.com/jonreiter/govader"
)

const (
	// VaderName is the name of the scorer Vader.
	VaderName = "vader"
	// VaderVersion is the commit of github.com/jonreiter/govader, and after the
	// hyphen the revision of what is made of its scores.
	VaderVersion = "f6505c8d03cc-1"
	// vaderNeutral is the compound score below which a text is neutral, as VADER's
	// authors advise (Hutto and Gilbert, 2014).
	vaderNeutral = 0.05
)

// Vader scores by VADER's lexicon and rules for posts in English. Its compound
// score c is no probability: that of a polar label is given as (1+|c|)/2, of
// neutral as 1-|c|.
type Vader struct {
	analyzer *govader.SentimentIntensityAnalyzer
}

var _ Scorer = (*Vader)(nil)

// lexicon is read once for the process; nothing changes it.
var lexicon = sync.OnceValue(govader.NewSentimentIntensityAnalyzer)

// NewVader reads the lexicon on its first call; all scorers share it.
func NewVader() *Vader { return &Vader{analyzer: lexicon()} }

// Score implements Scorer. It never fails. A text without words is unknown.
func (v *Vader) Score(_ context.Context, post string) (Score, error) {
	score := Score{Scorer: VaderName, Version: VaderVersion, Label: schemas.LabelUnknown}
	cleaned := posttext.Clean(post)
	if cleaned == "" {
		return score, nil
	}
	compound := v.analyzer.PolarityScores(cleaned).Compound
	strength := min(math.Abs(compound), 1)
	switch {
	case compound >= vaderNeutral:
		score.Label, score.Probability = schemas.LabelPositive, (1+strength)/2
	case compound <= -vaderNeutral:
		score.Label, score.Probability = schemas.LabelNegative, (1+strength)/2
	default:
		score.Label, score.Probability = schemas.LabelNeutral, 1-strength
	}
	return score, nil
}
