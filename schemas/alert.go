package schemas

import (
	"math"
	"strconv"
	"time"
)

// AlertAttention says that far more is posted about a ticker than is usual.
const AlertAttention = "attention"

// SourceDemoAlerts states alerts about synthetic posts.
const SourceDemoAlerts = demoRoot + "/alerts"

// maxReasons bounds what an alert gives as its reasons.
const maxReasons = 16

// Alert says that a ticker stands out, and shows why. Its event time is the
// window's end. Stream ALERTS, subject alerts.<kind>.<TICKER>.
type Alert struct {
	Kind      string    `json:"kind"`
	Ticker    string    `json:"ticker"`
	Window    string    `json:"window"` // WindowPreopen or Window20m
	StartAt   time.Time `json:"start_at"`
	EndAt     time.Time `json:"end_at"`
	FeatureID string    `json:"feature_id"` // event id of the vector that it was raised for
	Evidence  Evidence  `json:"evidence"`
}

// Evidence is what an alert was raised for.
type Evidence struct {
	Posts int64 `json:"posts"`
	Users int64 `json:"users"` // who wrote them, each once
	// Z is how far ln(1 + posts) is above the same windows of the sessions before,
	// in their deviations: posts_z of the vector.
	Z                float64  `json:"z"`
	BaselineSessions int64    `json:"baseline_sessions"` // how many windows z was made against
	BaselineRead     int64    `json:"baseline_read"`     // how many of them the mean is of: those that were still in FEATURES
	BaselineMean     float64  `json:"baseline_mean"`     // posts in one of them, 0 where none was read
	Reasons          []Reason `json:"reasons"`           // what is remarkable about the posts
}

// Reason is a value of the vector that is remarkable.
type Reason struct {
	Name  string  `json:"name"` // as in the vector, such as negative_share
	Value float64 `json:"value"`
}

// AlertID is the deterministic event id of an alert: kind, ticker and window's end.
func AlertID(a *Alert) string {
	return "alert:" + a.Kind + ":" + a.Ticker + ":" + a.EndAt.UTC().Format(time.RFC3339)
}

// EventType implements Data.
func (*Alert) EventType() Type { return TypeAlert }

// Validate implements Data.
func (a *Alert) Validate() error {
	if err := firstError(
		validOneOf("kind", a.Kind, AlertAttention),
		validTicker("ticker", a.Ticker),
		validOneOf("window", a.Window, WindowPreopen, Window20m),
		validTime("start_at", a.StartAt),
		validTime("end_at", a.EndAt),
	); err != nil {
		return err
	}
	switch {
	case !a.EndAt.After(a.StartAt):
		return fieldError("end_at", a.EndAt, "must be after start_at")
	case !idPattern.MatchString(a.FeatureID):
		return fieldError("feature_id", a.FeatureID, "must be an event id")
	}
	return a.Evidence.validate()
}

func (e *Evidence) validate() error {
	if err := firstError(
		validCount("evidence.posts", e.Posts), validCount("evidence.users", e.Users),
		validFinite("evidence.z", e.Z),
		validCount("evidence.baseline_sessions", e.BaselineSessions),
		validCount("evidence.baseline_read", e.BaselineRead),
		validFinite("evidence.baseline_mean", e.BaselineMean),
	); err != nil {
		return err
	}
	if e.BaselineMean < 0 {
		return fieldError("evidence.baseline_mean", e.BaselineMean, "must not be negative")
	}
	if e.Reasons == nil || len(e.Reasons) > maxReasons {
		return fieldError("evidence.reasons", len(e.Reasons), "must be a list of at most "+strconv.Itoa(maxReasons))
	}
	for i, reason := range e.Reasons {
		at := "evidence.reasons[" + strconv.Itoa(i) + "]."
		if !featureNamePattern.MatchString(reason.Name) {
			return fieldError(at+"name", reason.Name, "must be the name of a value of the vector")
		}
		if err := validFinite(at+"value", reason.Value); err != nil {
			return err
		}
	}
	return nil
}

func validFinite(field string, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fieldError(field, v, "must be a finite number")
	}
	return nil
}
