//go:build shared

package sentiment_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"cashtag/services/sentiment"
)

// TestBuiltinIsReproducible trains the built-in model anew, byte for byte, and
// holds the scores that docs/sentiment.md tells.
func TestBuiltinIsReproducible(t *testing.T) {
	root := os.Getenv("CASHTAG_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	file, err := os.Open(filepath.Join(root, "stocknet", "sentiment", "tfns_train.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	labels, err := sentiment.ReadLabels("tfns_train.csv", file)
	if err != nil {
		t.Fatal(err)
	}
	training := train(t, "cashtag", sentiment.DefaultTrainConfig(), labels)
	want, err := os.ReadFile("builtin.model")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(training.File, want) {
		t.Errorf("got other bytes than builtin.model has, %d instead of %d: go generate ./services/sentiment", len(training.File), len(want))
	}
	e, err := sentiment.Assess(training.HeldOut[0].Verdicts)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("held out: accuracy %.4f, macro-F1 %.4f, calibration error %.4f", e.Accuracy, e.MacroF1, e.CalibrationError)
	if e.Accuracy < 0.83 || e.MacroF1 < 0.77 || e.CalibrationError > 0.02 {
		t.Errorf("held out: got accuracy %.4f, macro-F1 %.4f, calibration error %.4f, want at least 0.83 and 0.77, at most 0.02",
			e.Accuracy, e.MacroF1, e.CalibrationError)
	}
}
