package sentiment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"unicode"

	posttext "cashtag/internal/text"
	"cashtag/schemas"

	"github.com/cdipaolo/sentiment"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// CdipaoloName is the name of the scorer Cdipaolo.
	CdipaoloName = "cdipaolo"
	// CdipaoloVersion is the commit of github.com/cdipaolo/sentiment, whose model
	// scores, and after the hyphen the revision of how a text is prepared for it.
	CdipaoloVersion = "c697f64e7f10-1"
)

// maxBayes is the most classes that a model may have.
const maxBayes = 3

// Cdipaolo scores with the naive Bayes classifier of github.com/cdipaolo/sentiment:
// with the English model of two classes that it ships, or with one of three that
// TrainCdipaolo made.
//
// It computes what the model's Predict does, of the cleaned text and to the same
// label, in one pass that gives two things more: the probability of the label
// without the underflow that the model's own Probability has on longer texts, and
// whether the model knew any word at all. Where it knew none Predict answers
// negative; the label here is unknown.
type Cdipaolo struct {
	model   *bayes
	version string
	prior   [maxBayes]float64
}

var _ Scorer = (*Cdipaolo)(nil)

// bayes is a model as the library stores it.
type bayes struct {
	Words         vocabulary `json:"words"`
	Probabilities []float64  `json:"probabilities"`
	DictCount     uint32     `json:"vocabulary_size"`
}

// check returns an error that says what is wrong with a model that was read.
func (b *bayes) check() error {
	switch {
	case b == nil || len(b.Words.words) == 0:
		return errors.New("it has no English model")
	case len(b.Probabilities) != b.Words.classes:
		return fmt.Errorf("it has %d probabilities for %d classes", len(b.Probabilities), b.Words.classes)
	case b.DictCount == 0:
		return errors.New("its vocabulary has no size")
	}
	for class, p := range b.Probabilities {
		if !(p > 0 && p < 1) {
			return fmt.Errorf("probability of class %d is %v: must be between 0 and 1", class, p)
		}
	}
	return nil
}

// english is the model, read once for the process.
var english = sync.OnceValues(readEnglish)

// readEnglish takes 4 MB. It does not go by the library's Restore, whose maps take
// 18 MB.
func readEnglish() (*bayes, error) {
	data, err := sentiment.Asset("model.json")
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	runtime.GC() // unpacking left as much behind again
	return readBayes(data)
}

// readBayes reads a model as the library stores it.
func readBayes(data []byte) (*bayes, error) {
	var models map[sentiment.Language]*bayes
	// To watch for a word that is there twice would take 24 MB.
	if err := json.Unmarshal(data, &models, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	model := models[sentiment.English]
	if err := model.check(); err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	return model, nil
}

// NewCdipaolo reads the shipped model on its first call; all scorers share it.
func NewCdipaolo() (*Cdipaolo, error) {
	model, err := english()
	if err != nil {
		return nil, fmt.Errorf("open scorer %s: %w", CdipaoloName, err)
	}
	return newBayes(model, CdipaoloVersion), nil
}

// newRetrained takes a model that TrainCdipaolo made.
func newRetrained(body []byte, revision string) (*Cdipaolo, error) {
	model, err := readBayes(body)
	if err != nil {
		return nil, err
	}
	return newBayes(model, CdipaoloVersion+"-"+revision), nil
}

func newBayes(model *bayes, version string) *Cdipaolo {
	c := &Cdipaolo{model: model, version: version}
	for class, p := range model.Probabilities {
		c.prior[class] = math.Log(p)
	}
	return c
}

// Score implements Scorer. It never fails.
func (c *Cdipaolo) Score(_ context.Context, post string) (Score, error) {
	score := Score{Scorer: CdipaoloName, Version: c.version, Label: schemas.LabelUnknown}
	likelihood, known := c.likelihood(posttext.Clean(post))
	if !known {
		return score, nil
	}
	best, sums := 0, likelihood[:c.model.Words.classes]
	for class := range sums {
		sums[class] += c.prior[class]
		if sums[class] > sums[best] { // the model gives a tie to the first class
			best = class
		}
	}
	odds := 0.0
	for _, sum := range sums {
		odds += math.Exp(sum - sums[best])
	}
	score.Label, score.Probability = classLabels[best], 1/odds
	return score, nil
}

// likelihood is the logarithm of the probability of the known words of a text
// under each class. The words are the model's: it takes out everything but letters
// and spaces, folds case, and splits at spaces.
func (c *Cdipaolo) likelihood(cleaned string) (sums [maxBayes]float64, known bool) {
	var letters strings.Builder
	letters.Grow(len(cleaned))
	for _, r := range cleaned {
		if r == ' ' || unicode.IsLetter(r) {
			letters.WriteRune(unicode.ToLower(r))
		}
	}
	for name := range strings.SplitSeq(letters.String(), " ") {
		counts, seen := c.model.Words.find(name)
		if counts == nil {
			continue
		}
		known = true
		for class, count := range counts {
			sums[class] += math.Log(float64(count+1) / float64(seen+c.model.DictCount))
		}
	}
	return sums, known
}
