package retrain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cashtag/internal/model"
	"cashtag/services/analysis"
)

// The rules of promotion.
const (
	RuleNever  = "never"  // a person promotes
	RuleBetter = "better" // what is better beyond its interval is promoted
)

// Statement says by whom and when something is stated of a model.
type Statement struct {
	By   string
	At   time.Time
	Demo bool // of synthetic events
}

// Served is the version of a model that is promoted.
type Served struct {
	Version  string // "" where none is promoted
	Artefact *model.Artefact
	Refused  error // why its file cannot be served, and so not be compared
}

// Models keeps the versions of models.
type Models interface {
	// Promoted returns the version of a name that is promoted.
	Promoted(ctx context.Context, name string) (Served, error)
	// Push stores a model's file and then states that it was trained. It states
	// nothing of a version that it knows. An error that wraps ErrRefused says that it
	// never takes the file.
	Push(ctx context.Context, name string, file []byte, s Statement) (version string, known bool, err error)
	// Promote lets a version predict, in place of any other of its name.
	Promote(ctx context.Context, name, version string, s Statement) error
}

// ErrRefused is wrapped by errors that come again however often the same is tried,
// such as that of too few days.
var ErrRefused = errors.New("not trained")

// Result is what became of one model.
type Result struct {
	Model      analysis.Kept
	Version    string
	Known      bool // it was stored before
	Artefact   *model.Artefact
	Before     string               // the version that was promoted; "" for none
	Comparison *analysis.Comparison // with that one; nil where they cannot be compared
	Promoted   bool
	Why        string // it was promoted, or was not
}

// Again trains a model of a table once more, stores it, compares it with the version
// that is promoted, and does what the rule says. An error that wraps ErrRefused comes
// again however often this is tried; of others, what was done stays done, and to call
// it again does the rest.
func Again(ctx context.Context, models Models, in analysis.Input, c analysis.Config, kept analysis.Kept, rule string, s Statement) (Result, error) {
	result := Result{Model: kept}
	artefact, err := analysis.Train(ctx, in, c, kept.Configuration, kept.Target)
	if err != nil {
		return result, refused(ctx, err)
	}
	result.Artefact = artefact
	file, err := artefact.Encode()
	if err != nil {
		return result, refused(ctx, err)
	}
	if result.Version, result.Known, err = models.Push(ctx, kept.Name, file, s); err != nil {
		return result, err
	}
	served, err := models.Promoted(ctx, kept.Name)
	if err != nil {
		return result, err
	}
	result.Before = served.Version
	if result.Why = unmatched(served, result.Version); result.Why != "" {
		return result, nil
	}
	result.Comparison, err = analysis.Compare(ctx, in, c, kept.Configuration, kept.Target, served.Artefact)
	if errors.Is(err, analysis.ErrNoComparison) {
		result.Why = err.Error()
		return result, nil
	}
	if err != nil {
		return result, refused(ctx, err)
	}
	result.Why = reason(result.Comparison)
	if !result.Comparison.Better() {
		return result, nil
	}
	if rule != RuleBetter {
		result.Why += ", but the rule is " + rule
		return result, nil
	}
	s.By += ", rule " + rule
	if err := models.Promote(ctx, kept.Name, result.Version, s); err != nil {
		return result, err
	}
	result.Promoted = true
	return result, nil
}

// unmatched is why a version that is promoted is no match for a new one; "" where it is.
func unmatched(served Served, version string) string {
	switch {
	case served.Version == "":
		return "no version is promoted: the first is promoted by hand"
	case served.Version == version:
		return "it is the version that is promoted"
	case served.Refused != nil:
		return fmt.Sprintf("version %s, which is promoted, cannot be compared: %v", served.Version, served.Refused)
	default:
		return ""
	}
}

// refused marks what the same rows will always give.
func refused(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrRefused, err)
}

// reason says in words what a comparison shows.
func reason(c *analysis.Comparison) string {
	verdict := "not better beyond its interval"
	if c.Better() {
		verdict = "better"
	}
	return fmt.Sprintf("%s: %s %s against %s, difference %s, on %d rows of %d sessions from %s to %s",
		verdict, c.Metric, c.New, c.Old, c.Difference, c.Rows, c.Days, c.From, c.To)
}
