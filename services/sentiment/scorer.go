package sentiment

import "context"

// Score is what a scorer thinks of a text.
type Score struct {
	Scorer      string  // the scorer's name, a subject token
	Version     string  // one version scores one text always alike
	Label       string  // schemas.LabelPositive and its like
	Probability float64 // of the label, 0 to 1; 0 where the label is unknown
}

// Scorer scores texts as they were posted, one at a time. It is safe for
// concurrent use, keeps no state between texts, and gives up when ctx ends. An
// error is a failure of the scorer: a text that it can say nothing about has the
// label schemas.LabelUnknown.
type Scorer interface {
	Score(ctx context.Context, text string) (Score, error)
}
