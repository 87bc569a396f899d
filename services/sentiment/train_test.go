package sentiment_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"cashtag/internal/model"
	"cashtag/schemas"
	"cashtag/services/sentiment"
)

// headlines is n labelled texts that a verb tells apart.
func headlines(tb testing.TB, name string, n int, seed uint64) *sentiment.Labels {
	tb.Helper()
	dice := rand.New(rand.NewPCG(seed, 1))
	verbs := [][]string{{"falls", "sinks", "plunges"}, {"rises", "jumps", "soars"}, {"holds", "meets", "names"}}
	rest := []string{"apple", "fed", "oil", "retail", "bank", "shares", "today", "again", "profit", "outlook"}
	var file strings.Builder
	file.WriteString("text,label\n")
	for i := range n {
		class := i % len(verbs)
		fmt.Fprintf(&file, "%s %s $AAPL %s %s,%d\n", rest[dice.IntN(len(rest))], verbs[class][dice.IntN(3)],
			rest[dice.IntN(len(rest))], rest[dice.IntN(len(rest))], class)
	}
	labels, err := sentiment.ReadLabels(name, strings.NewReader(file.String()))
	if err != nil {
		tb.Fatal(err)
	}
	return labels
}

func quick() sentiment.TrainConfig {
	cfg := sentiment.DefaultTrainConfig()
	cfg.Folds, cfg.HashBits = 3, 12
	return cfg
}

func train(t *testing.T, scorer string, cfg sentiment.TrainConfig, sources ...*sentiment.Labels) *sentiment.Training {
	t.Helper()
	training, err := sentiment.Train(t.Context(), scorer, sources, cfg, func(string, float64) {})
	if err != nil {
		t.Fatal(err)
	}
	return training
}

func TestTrain(t *testing.T) {
	one, two := headlines(t, "one.csv", 240, 1), headlines(t, "two.csv", 90, 2)
	for _, scorer := range []string{"cashtag", "cdipaolo"} {
		t.Run(scorer, func(t *testing.T) {
			training := train(t, scorer, quick(), one, two)
			if again := train(t, scorer, quick(), one, two); !bytes.Equal(again.File, training.File) {
				t.Error("trained twice: got other bytes")
			}
			other := quick()
			other.Seed = 2
			if again := train(t, scorer, other, one, two); bytes.Equal(again.File, training.File) {
				t.Error("trained with another seed: got the same bytes")
			}
			for i, source := range []*sentiment.Labels{one, two} {
				held := training.HeldOut[i]
				e, err := sentiment.Assess(held.Verdicts)
				if err != nil {
					t.Fatal(err)
				}
				if held.Source != source.Name || e.Rows != len(source.Rows) || e.Accuracy < 0.9 {
					t.Errorf("held out: got %s, %d rows, accuracy %.3f, want %s, %d rows and at least 0.9",
						held.Source, e.Rows, e.Accuracy, source.Name, len(source.Rows))
				}
			}
			read, trained, err := sentiment.ReadModel(bytes.NewReader(training.File))
			if err != nil {
				t.Fatal(err)
			}
			if !trained.On(one) || !trained.On(two) || trained.On(headlines(t, "three.csv", 30, 3)) {
				t.Errorf("trained on: got %+v", trained)
			}
			for text, want := range map[string]string{
				"Oil SINKS today": schemas.LabelNegative, "bank jumps": schemas.LabelPositive, "fed names https://t.co/x": schemas.LabelNeutral, "$AAPL": schemas.LabelUnknown,
			} {
				score, err := read.Score(t.Context(), text)
				if err != nil || score.Label != want || score.Scorer != scorer || score.Version == "" {
					t.Errorf("%q: got %+v and %v, want %s by %s", text, score, err, want, scorer)
				}
			}
		})
	}
}

func TestTrainRefuses(t *testing.T) {
	good := headlines(t, "good.csv", 60, 1)
	for name, test := range map[string]struct {
		scorer string
		tune   func(*sentiment.TrainConfig)
		rows   []sentiment.Labelled
		want   string
	}{
		"one fold":       {"cashtag", func(c *sentiment.TrainConfig) { c.Folds = 1 }, good.Rows, "folds is 1"},
		"no c":           {"cashtag", func(c *sentiment.TrainConfig) { c.C = 0 }, good.Rows, "c is 0"},
		"bits":           {"cashtag", func(c *sentiment.TrainConfig) { c.HashBits = 30 }, good.Rows, "hash bits is 30"},
		"another scorer": {"vader", func(*sentiment.TrainConfig) {}, good.Rows, `scorer "vader" cannot be trained`},
		"a class less":   {"cashtag", func(*sentiment.TrainConfig) {}, []sentiment.Labelled{{Text: "up", Class: 1}, {Text: "down"}}, "every class needs an example"},
		"a class less, naive Bayes": {
			"cdipaolo", func(*sentiment.TrainConfig) {},
			[]sentiment.Labelled{{Text: "up", Class: 1}, {Text: "down"}},
			"every class needs an example",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := quick()
			test.tune(&cfg)
			_, err := sentiment.Train(t.Context(), test.scorer, []*sentiment.Labels{{Name: "some.csv", Rows: test.rows}}, cfg, func(string, float64) {})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestTrainEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, scorer := range []string{"cashtag", "cdipaolo"} {
		_, err := sentiment.Train(ctx, scorer, []*sentiment.Labels{headlines(t, "good.csv", 60, 1)}, quick(), func(string, float64) {})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", scorer, err, context.Canceled)
		}
	}
}

func TestReadModelRefuses(t *testing.T) {
	file := train(t, "cashtag", quick(), headlines(t, "one.csv", 60, 1)).File
	line := bytes.IndexByte(file, '\n') + 1
	changed := bytes.Clone(file)
	changed[len(changed)-9] ^= 1
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":         {nil, "does not begin with"},
		"another file":    {[]byte("text,label\nup,1\n"), "does not begin with"},
		"cut in the line": {file[:line-1], "cut short"},
		"cut in the sum":  {file[:line+20], "cut short"},
		"cut at the end":  {file[:len(file)-1], "cut short or was changed"},
		"changed":         {changed, "cut short or was changed"},
		"longer":          {append(bytes.Clone(file), 0), "cut short or was changed"},
		"another version": {bytes.Replace(file, []byte("model 1\n"), []byte("model 2\n"), 1), `has version "2": this program reads 1`},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := sentiment.ReadModel(bytes.NewReader(test.file))
			if !errors.Is(err, sentiment.ErrBadModel) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line of %q", err, test.want)
			}
		})
	}
}

// TestReadModelRefusesWhatIsWithin takes files whose checksum is right.
func TestReadModelRefusesWhatIsWithin(t *testing.T) {
	for name, test := range map[string]struct{ scorer, body, want string }{
		"no model":       {"cashtag", "", "no softmax model"},
		"two classes":    {"cashtag", twoClasses(t), "it has 2 classes: must have 3"},
		"no JSON":        {"cdipaolo", "{", "read model"},
		"not English":    {"cdipaolo", `{"de":{}}`, "no English model"},
		"counts":         {"cdipaolo", `{"en":{"words":{"up":{"Count":[1],"Seen":1}}}}`, "has 1 counts"},
		"uneven counts":  {"cdipaolo", `{"en":{"words":{"up":{"Count":[1,2],"Seen":3},"x":{"Count":[1,2,3],"Seen":3}}}}`, "has 3 counts"},
		"a negative":     {"cdipaolo", `{"en":{"words":{"up":{"Count":[-1,2],"Seen":3}}}}`, "word up"},
		"probabilities":  {"cdipaolo", `{"en":{"words":{"up":{"Count":[1,2],"Seen":3}},"probabilities":[1]}}`, "1 probabilities for 2 classes"},
		"another scorer": {"vader", "", `it is of scorer "vader"`},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := sentiment.Pack(sentiment.Trained{Scorer: test.scorer}, []byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = sentiment.ReadModel(bytes.NewReader(file))
			if !errors.Is(err, sentiment.ErrBadModel) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// twoClasses is a model of positive and negative alone.
func twoClasses(t *testing.T) string {
	t.Helper()
	hasher := model.Hasher{Bits: 8}
	softmax, err := model.FitSoftmax(t.Context(), []model.Example{{Features: []uint32{1}}, {Features: []uint32{2}, Class: 1}}, hasher, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := softmax.Compact(hasher, 1)
	if err != nil {
		t.Fatal(err)
	}
	body, err := compact.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func FuzzReadModel(f *testing.F) {
	f.Add("cashtag", binary.AppendUvarint(nil, 3))
	f.Add("cdipaolo", []byte(`{"en":{"words":{"up":{"Count":[1,2],"Seen":3}},"probabilities":[0.5,0.5],"vocabulary_size":1}}`))
	f.Fuzz(func(t *testing.T, scorer string, body []byte) {
		file, err := sentiment.Pack(sentiment.Trained{Scorer: scorer}, body)
		if err != nil {
			t.Fatal(err)
		}
		read, _, err := sentiment.ReadModel(bytes.NewReader(file))
		if err != nil {
			return
		}
		score, err := read.Score(t.Context(), "what goes up comes down")
		if err != nil || !(score.Probability >= 0 && score.Probability <= 1) {
			t.Errorf("got %+v and %v", score, err)
		}
	})
}
