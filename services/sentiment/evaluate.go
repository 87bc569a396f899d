package sentiment

import (
	"context"
	"fmt"
	"time"

	"cashtag/internal/model"
)

// Evaluation is how well a scorer told labelled texts apart. Intervals hold 95 of
// 100 draws of as many texts, with replacement, from a fixed seed.
type Evaluation struct {
	Scorer  string `json:"scorer"`
	Version string `json:"version"`
	Rows    int    `json:"rows"`
	// Unknown is how many texts the scorer had no opinion of. They count as wrong.
	Unknown int `json:"unknown"`
	// TrainedOn says that the scorer was trained on some of these texts, so that
	// its scores say nothing about texts that it has not seen.
	TrainedOn bool `json:"trained_on"`

	Accuracy         float64                 `json:"accuracy"`
	AccuracyInterval model.ConfusionInterval `json:"accuracy_95"`
	MacroF1          float64                 `json:"macro_f1"`
	MacroF1Interval  model.ConfusionInterval `json:"macro_f1_95"`
	// PolarAccuracy is the share of negative and positive texts that were given
	// their label, among those that were given one of the two. PolarRows counts
	// these.
	PolarAccuracy float64 `json:"polar_accuracy"`
	PolarRows     int     `json:"polar_rows"`

	Classes          map[string]model.ClassScore `json:"classes"`
	CalibrationError float64                     `json:"calibration_error"`
	Calibration      []model.ConfidenceBin       `json:"calibration"`
	// TextsPerSecond is what one goroutine scored, 0 where nobody measured.
	TextsPerSecond float64 `json:"texts_per_s"`
}

// ClassLabels lists the classes in the order of tables.
func ClassLabels() []string { return append([]string(nil), classLabels...) }

const (
	intervalDraws   = 1000
	intervalSeed    = 1
	calibrationBins = 10
)

// Evaluate asks a scorer of every text, then measures how fast it is. More than
// one file of labels is taken for one.
func Evaluate(ctx context.Context, scorer Scorer, sources ...*Labels) (Evaluation, error) {
	verdicts := model.Verdicts{Classes: len(classLabels)}
	var texts []string
	var last Score
	for _, source := range sources {
		for _, row := range source.Rows {
			score, err := scorer.Score(ctx, row.Text)
			if err != nil {
				return Evaluation{}, fmt.Errorf("score %q: %w", row.Text, err)
			}
			last = score
			o := opinion{class: model.Abstained}
			for class, label := range classLabels {
				if label == score.Label {
					o = opinion{class: class, probability: score.Probability}
				}
			}
			texts = append(texts, row.Text)
			verdicts.True = append(verdicts.True, row.Class)
			verdicts.Predicted = append(verdicts.Predicted, o.class)
			verdicts.Probability = append(verdicts.Probability, o.probability)
		}
	}
	evaluation, err := Assess(verdicts)
	if err != nil {
		return Evaluation{}, err
	}
	evaluation.Scorer, evaluation.Version = last.Scorer, last.Version
	evaluation.TextsPerSecond, err = speed(ctx, scorer, texts)
	return evaluation, err
}

// Assess computes the scores of verdicts.
func Assess(verdicts model.Verdicts) (Evaluation, error) {
	if err := verdicts.Validate(); err != nil {
		return Evaluation{}, err
	}
	confusion := verdicts.Confusion()
	intervals := verdicts.Intervals(intervalDraws, intervalSeed, model.Confusion.Accuracy, model.Confusion.MacroF1)
	e := Evaluation{
		Rows:             len(verdicts.True),
		Accuracy:         confusion.Accuracy(),
		AccuracyInterval: intervals[0],
		MacroF1:          confusion.MacroF1(),
		MacroF1Interval:  intervals[1],
		Classes:          make(map[string]model.ClassScore, len(classLabels)),
		Calibration:      verdicts.Confidences(calibrationBins),
	}
	for class, label := range classLabels {
		e.Classes[label] = confusion.Class(class)
		e.Unknown += int(confusion[class][verdicts.Classes])
	}
	if len(e.Calibration) > 0 {
		e.CalibrationError = model.CalibrationError(e.Calibration)
	}
	right, polar := confusion[0][0]+confusion[1][1], confusion[0][1]+confusion[1][0]
	if polar += right; polar > 0 {
		e.PolarAccuracy, e.PolarRows = right/polar, int(polar)
	}
	return e, nil
}

// Speed is measured over passes of some milliseconds, of which the fastest counts:
// what else the machine did is not the scorer's.
const (
	speedPasses   = 5
	speedPassTime = 60 * time.Millisecond
	speedStretch  = 64 // texts between two looks at the clock
)

func speed(ctx context.Context, scorer Scorer, texts []string) (float64, error) {
	best, next := 0.0, 0
	for range speedPasses {
		scored, started := 0, time.Now()
		for time.Since(started) < speedPassTime {
			for range speedStretch {
				if _, err := scorer.Score(ctx, texts[next]); err != nil {
					return 0, fmt.Errorf("score %q: %w", texts[next], err)
				}
				next = (next + 1) % len(texts)
			}
			scored += speedStretch
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		best = max(best, float64(scored)/time.Since(started).Seconds())
	}
	return best, nil
}
