package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/go-json-experiment/json"
)

// The errors of reading a model's file. Each is wrapped with what was found.
var (
	// ErrNotArtefact is returned when bytes are no model's file at all.
	ErrNotArtefact = errors.New("not a cashtag model")
	// ErrArtefactVersion is returned when a file is of a layout that this program
	// does not know.
	ErrArtefactVersion = errors.New("model of another version")
	// ErrArtefactBroken is returned when a file was cut short or changed.
	ErrArtefactBroken = errors.New("model is broken")
	// ErrSchema is returned when a model was trained on other features than it is
	// to be served.
	ErrSchema = errors.New("model of another feature schema")
)

// Kinds of models.
const (
	KindLogistic = "logistic" // Predict returns a probability
	KindRidge    = "ridge"    // Predict returns a value
)

// Artefact is a fitted model with all that is needed to serve it and to say where
// it came from.
type Artefact struct {
	Name       string   `json:"name"`   // such as direction-features
	Target     string   `json:"target"` // direction, large_move, abnormal_volume or relative_direction
	Kind       string   `json:"kind"`   // KindLogistic or KindRidge
	Window     string   `json:"window"` // which vectors it reads, such as day, session or 20m
	HorizonS   int64    `json:"horizon_s"`
	SchemaHash string   `json:"schema_hash"` // of the feature vectors it was trained on
	Columns    []string `json:"columns"`     // of the vector, in order
	Scaler     Scaler   `json:"scaler"`
	Linear     Linear   `json:"linear"`

	DataHash    string  `json:"data_hash"` // of the training rows
	Rows        int     `json:"rows"`
	Days        int     `json:"days"`
	TrainedFrom string  `json:"trained_from"` // first and last day of the training rows, 2006-01-02
	TrainedTo   string  `json:"trained_to"`
	C           float64 `json:"c"` // inverse strength of the penalty, chosen on dev
	Seed        uint64  `json:"seed"`
	CodeVersion string  `json:"code_version"`

	// Baseline is what a model that knows nothing says: the share, or the mean, of the
	// rows that this one was trained on. Nil in files from before it was kept.
	Baseline *float64 `json:"baseline,omitempty"`
	// Training is how the values of each column were spread in these rows. Nil in files
	// from before it was kept.
	Training []Distribution `json:"training,omitempty"`

	Scores []Score `json:"scores"`
}

// Score is one figure of a model on rows that it was not fitted on. A bound that
// could not be drawn is nil.
type Score struct {
	Metric   string   `json:"metric"` // accuracy, mcc, auc, brier, log_loss, r2, calibration or slope
	Value    float64  `json:"value"`
	Low      *float64 `json:"low,omitempty"`
	High     *float64 `json:"high,omitempty"`
	Baseline float64  `json:"baseline"` // the same metric of the majority or mean
	Rows     int      `json:"rows"`
	Days     int      `json:"days"`
}

// The layout of a file: magic, version, length of the JSON, the JSON, and the
// SHA-256 of all before it; numbers big endian. The version is that of what a reader
// must understand to serve the model: a member that may be missing, and that an older
// program may pass over, changes it not.
const (
	artefactMagic   = "CASHTAGM"
	artefactVersion = 1
	artefactHead    = len(artefactMagic) + 2 + 4

	// MaxArtefactBytes bounds the file of a model.
	MaxArtefactBytes = 16 << 20
)

// Validate returns an error that names the first field that cannot be.
func (a *Artefact) Validate() error {
	switch {
	case a.Name == "":
		return errors.New("model: name is empty")
	case a.Target == "":
		return errors.New("model: target is empty")
	case a.Kind != KindLogistic && a.Kind != KindRidge:
		return fmt.Errorf("model: kind is %q: must be %s or %s", a.Kind, KindLogistic, KindRidge)
	case a.SchemaHash == "":
		return errors.New("model: schema_hash is empty")
	case len(a.Columns) == 0:
		return errors.New("model: columns is empty")
	}
	for name, n := range map[string]int{
		"scaler.mean": len(a.Scaler.Mean), "scaler.scale": len(a.Scaler.Scale), "linear.weights": len(a.Linear.Weights),
	} {
		if n != len(a.Columns) {
			return fmt.Errorf("model: %s has %d numbers: must be %d, one a column", name, n, len(a.Columns))
		}
	}
	numbers := slices.Concat(a.Scaler.Mean, a.Scaler.Scale, a.Linear.Weights, []float64{a.Linear.Intercept, a.C})
	for _, score := range a.Scores {
		numbers = append(numbers, score.Value, score.Baseline)
	}
	if a.Baseline != nil {
		numbers = append(numbers, *a.Baseline)
	}
	for _, v := range numbers {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("model: a number is %v: must be finite", v)
		}
	}
	if slices.ContainsFunc(a.Scaler.Scale, func(v float64) bool { return v <= 0 }) {
		return errors.New("model: scaler.scale holds a number that is not above 0")
	}
	return a.validTraining()
}

func (a *Artefact) validTraining() error {
	if a.Training != nil && len(a.Training) != len(a.Columns) {
		return fmt.Errorf("model: training has %d columns: must be %d or none", len(a.Training), len(a.Columns))
	}
	for i, d := range a.Training {
		if err := d.Validate(); err != nil {
			return fmt.Errorf("model: training of %s: %w", a.Columns[i], err)
		}
	}
	return nil
}

// Encode returns the file of the model. The same model always gives the same
// bytes.
func (a *Artefact) Encode() ([]byte, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	body, err := json.Marshal(a, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode model %s: %w", a.Name, err)
	}
	size := artefactHead + len(body) + sha256.Size
	if size > MaxArtefactBytes {
		return nil, fmt.Errorf("encode model %s: %d bytes: must be at most %d", a.Name, size, MaxArtefactBytes)
	}
	file := make([]byte, 0, size)
	file = append(file, artefactMagic...)
	file = binary.BigEndian.AppendUint16(file, artefactVersion)
	file = binary.BigEndian.AppendUint32(file, uint32(len(body)))
	file = append(file, body...)
	sum := sha256.Sum256(file)
	return append(file, sum[:]...), nil
}

// DecodeArtefact reads the file of a model. It returns ErrNotArtefact,
// ErrArtefactVersion or ErrArtefactBroken, wrapped in one line.
func DecodeArtefact(file []byte) (*Artefact, error) {
	if len(file) < artefactHead || !bytes.HasPrefix(file, []byte(artefactMagic)) {
		return nil, fmt.Errorf("%w: %d bytes that do not begin with %s", ErrNotArtefact, len(file), artefactMagic)
	}
	if version := binary.BigEndian.Uint16(file[len(artefactMagic):]); version != artefactVersion {
		return nil, fmt.Errorf("%w: %d, this program reads %d", ErrArtefactVersion, version, artefactVersion)
	}
	length := int64(binary.BigEndian.Uint32(file[len(artefactMagic)+2:]))
	want := int64(artefactHead) + length + sha256.Size
	if want > MaxArtefactBytes || int64(len(file)) != want {
		return nil, fmt.Errorf("%w: %d bytes, its head says %d: cut short or added to", ErrArtefactBroken, len(file), want)
	}
	end := len(file) - sha256.Size
	if sum := sha256.Sum256(file[:end]); !bytes.Equal(sum[:], file[end:]) {
		return nil, fmt.Errorf("%w: its checksum does not match", ErrArtefactBroken)
	}
	a := new(Artefact)
	if err := json.Unmarshal(file[artefactHead:end], a); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrArtefactBroken, err)
	}
	if err := a.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrArtefactBroken, err)
	}
	return a, nil
}

// ArtefactHash is the SHA-256 of a model's file in hex: what a registry knows it
// by.
func ArtefactHash(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// CheckSchema returns ErrSchema where vectors of that schema are not what the
// model was trained on.
func (a *Artefact) CheckSchema(hash string) error {
	if hash != a.SchemaHash {
		return fmt.Errorf("%w: model %s has %s, the vectors have %s: train it again", ErrSchema, a.Name, a.SchemaHash, hash)
	}
	return nil
}

// Bins are where the values of a vector of Columns belong in what was seen in
// training: a digit a column from 0 on, in their order, and "-" for what is not known.
// It is "" where the file does not say what was seen.
func (a *Artefact) Bins(vector []float64) string {
	if len(a.Training) != len(vector) {
		return ""
	}
	bins := make([]byte, len(vector))
	for i, d := range a.Training {
		bins[i] = '-'
		if bin := d.Bin(vector[i]); bin <= len(d.Cuts) {
			bins[i] = '0' + byte(bin)
		}
	}
	return string(bins)
}

// Predict returns the probability, or the value of a ridge regression, for a
// vector of Columns in their order. NaN stands for what is not known. It returns
// ErrSchema where the vector has another length.
func (a *Artefact) Predict(vector []float64) (float64, error) {
	if len(vector) != len(a.Columns) {
		return 0, fmt.Errorf("%w: model %s reads %d columns, the vector has %d", ErrSchema, a.Name, len(a.Columns), len(vector))
	}
	row := a.Scaler.Entries(vector)
	if a.Kind == KindRidge {
		return a.Linear.Sum(row), nil
	}
	return a.Linear.Probability(row), nil
}
