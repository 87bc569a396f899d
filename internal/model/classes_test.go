package model_test

import (
	"math"
	"strings"
	"testing"

	"cashtag/internal/model"
)

func wantNear(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// verdicts has 2 of 3 right of class 0, 1 of 2 of class 1, and abstains once.
var verdicts = model.Verdicts{
	Classes:     3,
	True:        []int{0, 0, 0, 1, 1, 2},
	Predicted:   []int{0, 0, 1, 1, model.Abstained, 0},
	Probability: []float64{0.9, 0.8, 0.6, 0.7, 0, 1},
}

func TestConfusion(t *testing.T) {
	c := verdicts.Confusion()
	wantNear(t, "accuracy", c.Accuracy(), 3.0/6)
	wantNear(t, "precision of 0", c.Class(0).Precision, 2.0/3)
	wantNear(t, "recall of 0", c.Class(0).Recall, 2.0/3)
	wantNear(t, "f1 of 1", c.Class(1).F1, 2*1.0/(2+2))
	wantNear(t, "precision of 2", c.Class(2).Precision, 0)
	wantNear(t, "macro f1", c.MacroF1(), (2.0/3+0.5+0)/3)
	if got := c.Class(0).Examples; got != 3 {
		t.Errorf("examples of 0: got %d, want 3", got)
	}
}

func TestMacroF1PassesOverAnEmptyClass(t *testing.T) {
	v := model.Verdicts{Classes: 3, True: []int{0, 1}, Predicted: []int{0, 2}, Probability: []float64{1, 1}}
	wantNear(t, "macro f1", v.Confusion().MacroF1(), 0.5)
}

func TestCalibration(t *testing.T) {
	bins := verdicts.Confidences(2) // one bin: nothing below one half
	if len(bins) != 1 || bins[0].Examples != 5 || bins[0].From != 0.5 {
		t.Fatalf("bins: got %+v, want one of 5 from 0.5 on", bins)
	}
	wantNear(t, "confidence", bins[0].Confidence, 0.8)
	wantNear(t, "accuracy", bins[0].Accuracy, 0.6)
	wantNear(t, "error", model.CalibrationError(bins), 0.2)
	if ten := verdicts.Confidences(10); len(ten) != 4 || ten[3].From != 0.9 || ten[3].Examples != 2 {
		t.Errorf("ten bins: got %+v, want 4 of which the last has 0.9 and 1", ten)
	}
	if got := model.CalibrationError(nil); !math.IsNaN(got) {
		t.Errorf("error of nothing: got %v, want NaN", got)
	}
}

func TestIntervals(t *testing.T) {
	v := model.Verdicts{Classes: 2}
	for i := range 400 {
		v.True = append(v.True, i%2)
		v.Predicted = append(v.Predicted, 0)
		v.Probability = append(v.Probability, 1)
	}
	first := v.Intervals(1000, 1, model.Confusion.Accuracy, model.Confusion.MacroF1)
	// The standard error of a share of one half among 400 is 0.025.
	if math.Abs(first[0].Low-0.451) > 0.01 || math.Abs(first[0].High-0.549) > 0.01 {
		t.Errorf("accuracy: got %+v, want 0.451 to 0.549", first[0])
	}
	if again := v.Intervals(1000, 1, model.Confusion.Accuracy); again[0] != first[0] {
		t.Errorf("same seed: got %+v, want %+v", again[0], first[0])
	}
}

func TestVerdictsValidate(t *testing.T) {
	for name, test := range map[string]struct {
		verdicts model.Verdicts
		want     string
	}{
		"nothing":    {model.Verdicts{Classes: 2}, "at least 1"},
		"lengths":    {model.Verdicts{Classes: 2, True: []int{0}, Predicted: []int{0}}, "0 probabilities"},
		"class":      {model.Verdicts{Classes: 2, True: []int{2}, Predicted: []int{0}, Probability: []float64{1}}, "example 0 has class 2"},
		"prediction": {model.Verdicts{Classes: 2, True: []int{0}, Predicted: []int{-2}, Probability: []float64{1}}, "prediction -2"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := test.verdicts.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if err := verdicts.Validate(); err != nil {
		t.Error(err)
	}
}

// TestFitTemperature makes logits that are three times too sure.
func TestFitTemperature(t *testing.T) {
	var logits [][]float64
	var happened []int
	for i := range 1000 {
		logits = append(logits, []float64{3 * math.Log(4), 0}) // 0.8 against 0.2, were it not for the 3
		happened = append(happened, 0)
		if i%5 == 0 {
			happened[i] = 1
		}
	}
	got, err := model.FitTemperature(logits, happened)
	if err != nil || math.Abs(got-3) > 1e-3 {
		t.Errorf("got %v and %v, want 3", got, err)
	}
	if _, err := model.FitTemperature(nil, nil); err == nil {
		t.Error("of nothing: got no error")
	}
}
