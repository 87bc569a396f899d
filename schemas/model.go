package schemas

import (
	"math"
	"regexp"
	"strconv"
	"time"
)

// SourceDemoModels states what happened to models of synthetic events.
const SourceDemoModels = demoRoot + "/models"

// What happened to a model.
const (
	VerbTrained  = "trained"
	VerbScored   = "scored"
	VerbPromoted = "promoted" // this version is the one that predicts
	VerbRetired  = "retired"  // no version of the name predicts
)

// maxScores bounds the figures of a model.
const maxScores = 64

// Model is what happened to one version of a model, with all that a reader needs
// to serve it and to judge it. Its event time is StatedAt. Which version of a name
// predicts is what the last promoted or retired event of the name says. Stream
// MODELS, subject models.<name>.
type Model struct {
	Name          string       `json:"name"` // such as direction-features
	Version       string       `json:"version"`
	Verb          string       `json:"verb"`
	Object        string       `json:"object"`         // key of the model's file in the object store
	ArtefactHash  string       `json:"artefact_hash"`  // SHA-256 of that file in hex
	DataHash      string       `json:"data_hash"`      // of the rows it was trained on
	FeatureSchema string       `json:"feature_schema"` // the schema of the vectors it reads: see Feature
	CodeVersion   string       `json:"code_version"`   // the program that trained it
	Target        string       `json:"target"`         // such as direction
	Window        string       `json:"window"`         // which vectors it reads
	HorizonS      int64        `json:"horizon_s"`      // how far ahead it looks, nominally
	Scores        []ModelScore `json:"scores"`
	// Columns are those that it reads, in order, with how they were spread in training.
	// Nil where its file does not say.
	Columns  []ModelColumn `json:"columns,omitempty"`
	By       string        `json:"by"` // who states it
	StatedAt time.Time     `json:"stated_at"`
}

// ModelScore is one figure of a model on rows that it was not fitted on. A bound
// that could not be drawn is nil.
type ModelScore struct {
	Metric   string   `json:"metric"` // such as auc
	Value    float64  `json:"value"`
	Low      *float64 `json:"low,omitempty"` // 95 percent interval
	High     *float64 `json:"high,omitempty"`
	Baseline float64  `json:"baseline"` // the same metric of the majority or the mean
	Rows     int64    `json:"rows"`
	Days     int64    `json:"days"`
}

// ModelColumn is how the values of one column were spread in the rows that a model was
// trained on. What predictions say in Bins is compared with it.
type ModelColumn struct {
	Name  string    `json:"name"`
	Cuts  []float64 `json:"cuts"`  // upper ends of all bins but the last, ascending
	Rows  []int64   `json:"rows"`  // of each bin, then those whose value is not known
	Days  int64     `json:"days"`  // that the rows are of
	Noise float64   `json:"noise"` // what the days differ by: see internal/model.Distribution
}

// ModelID is the deterministic event id of what happened to a model: name, version
// and verb. Promoting and retiring may happen again, such as when a promotion is
// taken back, so their ids end with the time.
func ModelID(m *Model) string {
	id := m.Name + ":" + m.Version + ":" + m.Verb
	if m.Verb == VerbPromoted || m.Verb == VerbRetired {
		id += ":" + m.StatedAt.UTC().Format(time.RFC3339Nano)
	}
	return id
}

// EventType implements Data.
func (*Model) EventType() Type { return TypeModel }

var (
	modelVersionPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,39}$`)
	modelHashPattern    = regexp.MustCompile(`^[0-9a-f]{64}$`)
	personPattern       = regexp.MustCompile(`^[!-~][ -~]{0,127}$`)
	objectPattern       = regexp.MustCompile(`^[!-~]{1,512}$`)
)

// Validate implements Data.
func (m *Model) Validate() error {
	if err := firstError(
		validModel("name", m.Name, m.Version),
		validOneOf("verb", m.Verb, VerbTrained, VerbScored, VerbPromoted, VerbRetired),
		validName("target", m.Target),
		validOneOf("window", m.Window, WindowMinute, Window20m, WindowPreopen, WindowSession, WindowDay),
		validTime("stated_at", m.StatedAt),
	); err != nil {
		return err
	}
	switch {
	case !objectPattern.MatchString(m.Object):
		return fieldError("object", m.Object, "must be 1 to 512 printable ASCII characters without spaces")
	case !modelHashPattern.MatchString(m.ArtefactHash):
		return fieldError("artefact_hash", m.ArtefactHash, "must be 64 hexadecimal digits")
	case m.DataHash == "":
		return fieldError("data_hash", m.DataHash, "must not be empty")
	case !schemaHashPattern.MatchString(m.FeatureSchema):
		return fieldError("feature_schema", m.FeatureSchema, "must be 16 hexadecimal digits")
	case m.CodeVersion == "":
		return fieldError("code_version", m.CodeVersion, "must not be empty")
	case m.HorizonS < 1:
		return fieldError("horizon_s", m.HorizonS, "must be at least 1 second")
	case !personPattern.MatchString(m.By):
		return fieldError("by", m.By, "must be 1 to 128 printable ASCII characters")
	case m.Scores == nil || len(m.Scores) > maxScores:
		return fieldError("scores", len(m.Scores), "must be a list of at most 64 scores")
	}
	for i := range m.Scores {
		if err := m.Scores[i].validate("scores[" + strconv.Itoa(i) + "]."); err != nil {
			return err
		}
	}
	if len(m.Columns) > maxFeatures {
		return fieldError("columns", len(m.Columns), "must be at most 256 columns")
	}
	for i := range m.Columns {
		if err := m.Columns[i].validate("columns[" + strconv.Itoa(i) + "]."); err != nil {
			return err
		}
	}
	return nil
}

// maxCuts bounds the bins of a column: each has a digit.
const maxCuts = 9

func (c *ModelColumn) validate(at string) error {
	if err := firstError(validName(at+"name", c.Name), validNumber(at+"noise", &c.Noise)); err != nil {
		return err
	}
	switch {
	case c.Cuts == nil || len(c.Cuts) > maxCuts:
		return fieldError(at+"cuts", len(c.Cuts), "must be a list of at most 9 numbers")
	case len(c.Rows) < 2 || len(c.Rows) > maxCuts+2:
		return fieldError(at+"rows", len(c.Rows), "must hold 2 to 11 numbers")
	case c.Days < 0:
		return fieldError(at+"days", c.Days, "must not be negative")
	case c.Noise < 0:
		return fieldError(at+"noise", c.Noise, "must not be negative")
	}
	for i := range c.Cuts {
		if err := validNumber(at+"cuts["+strconv.Itoa(i)+"]", &c.Cuts[i]); err != nil {
			return err
		}
	}
	for i, rows := range c.Rows {
		if rows < 0 {
			return fieldError(at+"rows["+strconv.Itoa(i)+"]", rows, "must not be negative")
		}
	}
	return nil
}

func (s *ModelScore) validate(at string) error {
	if err := firstError(
		validName(at+"metric", s.Metric),
		validNumber(at+"value", &s.Value),
		validNumber(at+"low", s.Low),
		validNumber(at+"high", s.High),
		validNumber(at+"baseline", &s.Baseline),
	); err != nil {
		return err
	}
	switch {
	case s.Rows < 0:
		return fieldError(at+"rows", s.Rows, "must not be negative")
	case s.Days < 0:
		return fieldError(at+"days", s.Days, "must not be negative")
	}
	return nil
}

func validModel(field, name, version string) error {
	switch {
	case !servicePattern.MatchString(name):
		return fieldError(field, name, "must be a lower case letter and at most 31 lower case letters, digits, hyphens or underscores")
	case !modelVersionPattern.MatchString(version):
		return fieldError("version", version, "must be 1 to 40 lower case letters, digits, dots or hyphens")
	}
	return nil
}

func validName(field, name string) error {
	if !featureNamePattern.MatchString(name) {
		return fieldError(field, name, "must be lower case letters, digits and underscores")
	}
	return nil
}

// validNumber accepts nil.
func validNumber(field string, v *float64) error {
	if v != nil && (math.IsNaN(*v) || math.IsInf(*v, 0)) {
		return fieldError(field, *v, "must be a finite number")
	}
	return nil
}
