package model_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"cashtag/internal/model"
)

func artefact() *model.Artefact {
	low, base := 0.49, 0.52
	return &model.Artefact{
		Name: "direction-features", Target: "direction", Kind: model.KindLogistic, Window: "day", HorizonS: 86400,
		SchemaHash: "abc", Columns: []string{"log_count", "return"},
		Scaler: model.Scaler{Mean: []float64{1, 0}, Scale: []float64{2, 0.01}},
		Linear: model.Linear{Weights: []float64{0.5, -1}, Intercept: 0.1},
		C:      0.1, Baseline: &base,
		Training: []model.Distribution{
			{Cuts: []float64{1, 2}, Rows: []int64{3, 4, 3, 1}, Days: 5, Noise: 0.1}, {Rows: []int64{11, 0}, Days: 5},
		},
		Scores: []model.Score{{Metric: "auc", Value: 0.5, Low: &low, Baseline: 0.5}},
	}
}

func TestArtefactRoundTrip(t *testing.T) {
	t.Parallel()
	file, err := artefact().Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := model.DecodeArtefact(file)
	if err != nil {
		t.Fatal(err)
	}
	again, err := read.Encode()
	if err != nil || !bytes.Equal(again, file) {
		t.Errorf("got other bytes from what was read (%v), want the same", err)
	}
	// z = 0.1 + 0.5*(3-1)/2 - 1*(0.02-0)/0.01 = -1.4
	got, err := read.Predict([]float64{3, 0.02})
	if want := 1 / (1 + math.Exp(1.4)); err != nil || math.Abs(got-want) > 1e-12 {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	// What is not known stands at the mean.
	got, _ = read.Predict([]float64{math.NaN(), math.NaN()})
	if want := 1 / (1 + math.Exp(-0.1)); math.Abs(got-want) > 1e-12 {
		t.Errorf("got %v for a vector of which nothing is known, want %v", got, want)
	}
	read.Kind = model.KindRidge
	if got, _ := read.Predict([]float64{3, 0.02}); math.Abs(got+1.4) > 1e-12 {
		t.Errorf("got %v from a ridge regression, want -1.4", got)
	}
	if _, err := read.Predict([]float64{1}); !errors.Is(err, model.ErrSchema) {
		t.Errorf("got %v for a vector of one column, want ErrSchema", err)
	}
	if err := read.CheckSchema("abd"); !errors.Is(err, model.ErrSchema) || read.CheckSchema("abc") != nil {
		t.Errorf("got %v for another schema, want ErrSchema", err)
	}
}

// TestFirstArtefact reads a file from before baseline and training were kept: it
// serves, and says what it does not know.
func TestFirstArtefact(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/first.model")
	if err != nil {
		t.Fatal(err)
	}
	read, err := model.DecodeArtefact(file)
	if err != nil {
		t.Fatal(err)
	}
	if read.Baseline != nil || read.Training != nil || read.Bins([]float64{3, 0.02}) != "" {
		t.Errorf("got baseline %v, training %v, want neither", read.Baseline, read.Training)
	}
	if _, err := read.Predict([]float64{3, 0.02}); err != nil {
		t.Errorf("got %v, want a prediction", err)
	}
	again, err := read.Encode()
	if err != nil || !bytes.Equal(again, file) {
		t.Errorf("got other bytes from what was read (%v), want the same: its hash is its name", err)
	}
}

func TestArtefactBins(t *testing.T) {
	t.Parallel()
	a := artefact()
	for want, vector := range map[string][]float64{
		"00": {1, 7}, "10": {1.5, 7}, "20": {3, -7}, "--": {math.NaN(), math.NaN()}, "": {1},
	} {
		if got := a.Bins(vector); got != want {
			t.Errorf("%v: got %q, want %q", vector, got, want)
		}
	}
}

func TestArtefactRefused(t *testing.T) {
	t.Parallel()
	good, err := artefact().Encode()
	if err != nil {
		t.Fatal(err)
	}
	changed := func(at int, b byte) []byte {
		file := bytes.Clone(good)
		file[at] = b
		return file
	}
	tests := []struct {
		name string
		file []byte
		want error
	}{
		{"empty", nil, model.ErrNotArtefact},
		{"another file", []byte("PAR1 and much more of it"), model.ErrNotArtefact},
		{"only a magic", good[:8], model.ErrNotArtefact},
		{"another version", changed(9, 2), model.ErrArtefactVersion},
		{"cut short", good[:len(good)-1], model.ErrArtefactBroken},
		{"only a head", good[:14], model.ErrArtefactBroken},
		{"added to", append(bytes.Clone(good), 0), model.ErrArtefactBroken},
		{"a length beyond the file", changed(10, 0xff), model.ErrArtefactBroken},
		{"a changed byte", changed(40, good[40]^1), model.ErrArtefactBroken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := model.DecodeArtefact(test.file)
			if !errors.Is(err, test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %v in one line", err, test.want)
			}
		})
	}
}

func TestArtefactValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(*model.Artefact)
		want  string
	}{
		{"kind", func(a *model.Artefact) { a.Kind = "tree" }, `kind is "tree": must be logistic or ridge`},
		{"weights", func(a *model.Artefact) { a.Linear.Weights = a.Linear.Weights[:1] }, "linear.weights has 1 numbers: must be 2"},
		{"a weight", func(a *model.Artefact) { a.Linear.Weights[0] = math.Inf(1) }, "must be finite"},
		{"baseline", func(a *model.Artefact) { *a.Baseline = math.NaN() }, "must be finite"},
		{"a column's training", func(a *model.Artefact) { a.Training = a.Training[:1] }, "training has 1 columns: must be 2 or none"},
		{"training", func(a *model.Artefact) { a.Training[0].Cuts[1] = 1 }, "training of log_count: cut 1 is 1"},
		{"a scale", func(a *model.Artefact) { a.Scaler.Scale[0] = 0 }, "not above 0"},
		{"schema", func(a *model.Artefact) { a.SchemaHash = "" }, "schema_hash is empty"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := artefact()
			test.spoil(a)
			if _, err := a.Encode(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func FuzzDecodeArtefact(f *testing.F) {
	good, err := artefact().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:20])
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := model.DecodeArtefact(file)
		if err != nil {
			return
		}
		if _, err := a.Encode(); err != nil {
			t.Errorf("got %v from encoding what was read", err)
		}
	})
}
