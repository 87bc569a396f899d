package schemas

import (
	"strings"
	"time"
)

// SourceDemoOutcomes states what became of predictions made from synthetic events.
const SourceDemoOutcomes = demoRoot + "/outcomes"

// Outcome is a prediction joined with what happened. Its event time is KnownAt. A
// prediction that was made anew for a later revision of its vector has an outcome of
// its own: of those that differ in the revision alone the highest stands. Stream
// OUTCOMES, subject outcomes.<model>.<TICKER>.
type Outcome struct {
	PredictionID string    `json:"prediction_id"` // event id of the prediction
	Model        string    `json:"model"`
	Version      string    `json:"version"`
	Target       string    `json:"target"`
	Ticker       string    `json:"ticker"`
	Window       string    `json:"window"`
	PredictedAt  time.Time `json:"predicted_at"`
	DueAt        time.Time `json:"due_at"`
	KnownAt      time.Time `json:"known_at"` // from when on it was asked for: DueAt and the time that prices may take
	Revision     int64     `json:"revision"` // of the vector
	// Probability or Value, and Baseline, are the prediction's.
	Probability *float64 `json:"probability,omitempty"`
	Value       *float64 `json:"value,omitempty"`
	Baseline    *float64 `json:"baseline,omitempty"`
	// Happened is whether the target came true: nil where the target is a number, and
	// where it is neither, such as a direction of a price that did not move.
	Happened *bool `json:"happened,omitempty"`
	// Realised is the number that decided it: the movement of the price, that less the
	// median of all tickers, or the logarithm of the volume over its trailing mean.
	Realised float64 `json:"realised"`
}

// OutcomeID is the deterministic event id of the outcome of a prediction.
func OutcomeID(predictionID string) string {
	if rest, demo := strings.CutPrefix(predictionID, DemoPrefix); demo {
		return DemoPrefix + "outcome:" + rest
	}
	return "outcome:" + predictionID
}

// EventType implements Data.
func (*Outcome) EventType() Type { return TypeOutcome }

// Validate implements Data.
func (o *Outcome) Validate() error {
	if err := firstError(
		validModel("model", o.Model, o.Version),
		validName("target", o.Target),
		validTicker("ticker", o.Ticker),
		validOneOf("window", o.Window, WindowMinute, Window20m, WindowPreopen, WindowSession, WindowDay),
		validTime("predicted_at", o.PredictedAt),
		validTime("due_at", o.DueAt),
		validTime("known_at", o.KnownAt),
		validNumber("probability", o.Probability),
		validNumber("value", o.Value),
		validNumber("baseline", o.Baseline),
		validNumber("realised", &o.Realised),
		validCount("revision", o.Revision),
	); err != nil {
		return err
	}
	switch {
	case !idPattern.MatchString(o.PredictionID):
		return fieldError("prediction_id", o.PredictionID, "must be an event's id")
	case !o.DueAt.After(o.PredictedAt):
		return fieldError("due_at", o.DueAt, "must be after predicted_at")
	case o.KnownAt.Before(o.DueAt):
		return fieldError("known_at", o.KnownAt, "must not be before due_at")
	case (o.Probability == nil) == (o.Value == nil):
		return fieldError("probability", nil, "must be there, or value, and not both")
	case o.Probability != nil && (*o.Probability < 0 || *o.Probability > 1):
		return fieldError("probability", *o.Probability, "must be from 0 to 1")
	case o.Value != nil && o.Happened != nil:
		return fieldError("happened", *o.Happened, "must not be there beside value")
	}
	return nil
}
