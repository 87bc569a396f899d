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

// The classes of the model.
const (
	negative = iota
	positive
	classes
)

// Cdipaolo scores with the English model of github.com/cdipaolo/sentiment, a naive
// Bayes classifier of two classes.
//
// It computes what the model's Predict does, of the cleaned text and to the same
// label, in one pass that gives two things more: the probability of the label
// without the underflow that the model's own Probability has on longer texts, and
// whether the model knew any word at all. Where it knew none Predict answers
// negative; the label here is unknown.
type Cdipaolo struct {
	model *bayes
	prior [classes]float64
}

var _ Scorer = (*Cdipaolo)(nil)

// bayes is a model as the library stores it.
type bayes struct {
	Words         vocabulary       `json:"words"`
	Probabilities [classes]float64 `json:"probabilities"`
	DictCount     uint32           `json:"vocabulary_size"`
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
	var models map[sentiment.Language]*bayes
	// To watch for a word that is there twice would take 24 MB.
	if err := json.Unmarshal(data, &models, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	model := models[sentiment.English]
	if model == nil || len(model.Words.words) == 0 {
		return nil, errors.New("read model: no English one")
	}
	return model, nil
}

// NewCdipaolo restores the model on its first call; all scorers share it.
func NewCdipaolo() (*Cdipaolo, error) {
	model, err := english()
	if err != nil {
		return nil, fmt.Errorf("open scorer %s: %w", CdipaoloName, err)
	}
	c := &Cdipaolo{model: model}
	for class := range c.prior {
		c.prior[class] = math.Log(model.Probabilities[class])
	}
	return c, nil
}

// Score implements Scorer. It never fails.
func (c *Cdipaolo) Score(_ context.Context, post string) (Score, error) {
	score := Score{Scorer: CdipaoloName, Version: CdipaoloVersion, Label: schemas.LabelUnknown}
	likelihood, known := c.likelihood(posttext.Clean(post))
	if !known {
		return score, nil
	}
	for class := range likelihood {
		likelihood[class] += c.prior[class]
	}
	// The model gives a tie to the first class, as this does.
	score.Label = schemas.LabelNegative
	best, other := likelihood[negative], likelihood[positive]
	if other > best {
		score.Label = schemas.LabelPositive
		best, other = other, best
	}
	score.Probability = 1 / (1 + math.Exp(other-best))
	return score, nil
}

// likelihood is the logarithm of the probability of the known words of a text
// under each class. The words are the model's: it takes out everything but letters
// and spaces, folds case, and splits at spaces.
func (c *Cdipaolo) likelihood(cleaned string) (sums [classes]float64, known bool) {
	var letters strings.Builder
	letters.Grow(len(cleaned))
	for _, r := range cleaned {
		if r == ' ' || unicode.IsLetter(r) {
			letters.WriteRune(unicode.ToLower(r))
		}
	}
	for name := range strings.SplitSeq(letters.String(), " ") {
		word := c.model.Words.find(name)
		if word == nil {
			continue
		}
		known = true
		seen := float64(word.seen + c.model.DictCount)
		for class := range sums {
			sums[class] += math.Log(float64(word.count[class]+1) / seen)
		}
	}
	return sums, known
}
