package schemas

import (
	"regexp"
	"strconv"
	"time"
)

// SourceDemoPredictor states predictions made from synthetic features.
const SourceDemoPredictor = demoRoot + "/predictor"

// Prediction is what one version of a model expects of one ticker. Its event time
// is PredictedAt, the end of the window whose vector it was made from. Each
// revision of a vector has a prediction of its own, and the last one stands: it is
// a function of that vector and the model alone. Stream PREDICTIONS, subject
// predictions.<model>.<TICKER>.
type Prediction struct {
	Model       string    `json:"model"`
	Version     string    `json:"version"`
	Target      string    `json:"target"` // such as direction
	Ticker      string    `json:"ticker"`
	Window      string    `json:"window"` // of the vector
	PredictedAt time.Time `json:"predicted_at"`
	HorizonS    int64     `json:"horizon_s"` // nominal, as the model was trained
	// DueAt is when what happened is known: a close where a session's end decides,
	// whatever holidays lie between.
	DueAt time.Time `json:"due_at"`
	// Probability is that of the target, from 0 to 1, and Value the expected number
	// where the target is one: either of them is there.
	Probability *float64 `json:"probability,omitempty"`
	Value       *float64 `json:"value,omitempty"`
	// Baseline is what a model that knows nothing says: the share, or the mean, of
	// the rows that the model was trained on. Nil where the model's file has none.
	Baseline *float64 `json:"baseline,omitempty"`
	// Bins are where the values that the model read from the vector belong in what it
	// saw in training, see ModelColumn: a digit a column from 0 on, in the order of
	// Model.Columns, "-" for what is not known. Empty where the model's file does not say
	// what it saw.
	Bins      string `json:"bins,omitempty"`
	FeatureID string `json:"feature_id"` // event id of the vector
	Revision  int64  `json:"revision"`   // of the vector
}

// PredictionID is the deterministic event id of a prediction: model, version,
// target, ticker, time, horizon and the vector's revision.
func PredictionID(p *Prediction) string {
	return p.Model + ":" + p.Version + ":" + p.Target + ":" + p.Ticker + ":" +
		p.PredictedAt.UTC().Format(time.RFC3339) + ":" + strconv.FormatInt(p.HorizonS, 10) + ":" +
		strconv.FormatInt(p.Revision, 10)
}

var binsPattern = regexp.MustCompile(`^[0-9-]{0,256}$`)

// EventType implements Data.
func (*Prediction) EventType() Type { return TypePrediction }

// Validate implements Data.
func (p *Prediction) Validate() error {
	if err := firstError(
		validModel("model", p.Model, p.Version),
		validName("target", p.Target),
		validTicker("ticker", p.Ticker),
		validOneOf("window", p.Window, WindowMinute, Window20m, WindowPreopen, WindowSession, WindowDay),
		validTime("predicted_at", p.PredictedAt),
		validTime("due_at", p.DueAt),
		validNumber("probability", p.Probability),
		validNumber("value", p.Value),
		validNumber("baseline", p.Baseline),
	); err != nil {
		return err
	}
	switch {
	case p.HorizonS < 1:
		return fieldError("horizon_s", p.HorizonS, "must be at least 1 second")
	case !p.DueAt.After(p.PredictedAt):
		return fieldError("due_at", p.DueAt, "must be after predicted_at")
	case p.Probability == nil && p.Value == nil:
		return fieldError("probability", nil, "must be there, or value")
	case p.Probability != nil && p.Value != nil:
		return fieldError("value", *p.Value, "must not be there beside probability")
	case p.Probability != nil && (*p.Probability < 0 || *p.Probability > 1):
		return fieldError("probability", *p.Probability, "must be from 0 to 1")
	case !binsPattern.MatchString(p.Bins):
		return fieldError("bins", p.Bins, "must be at most 256 digits or hyphens")
	case !idPattern.MatchString(p.FeatureID):
		return fieldError("feature_id", p.FeatureID, "must be an event's id")
	case p.Revision < 0:
		return fieldError("revision", p.Revision, "must not be negative")
	}
	return nil
}
