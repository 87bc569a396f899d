package sentiment

import (
	"context"
	"fmt"

	"cashtag/internal/model"
	posttext "cashtag/internal/text"
	"cashtag/schemas"
)

// CashtagName is the name of the scorer Cashtag.
const CashtagName = "cashtag"

// cashtagRevision changes with how a text is prepared for the model.
const cashtagRevision = "1"

// Cashtag scores with a logistic regression over hashed words and pairs of words
// that was trained on labelled posts about stocks: see TrainCashtag. Its
// probability is calibrated. It allocates nothing once it had a text as long.
type Cashtag struct {
	model   *model.Compact
	version string
	desks   chan *desk // those that nobody scores on
}

var _ Scorer = (*Cashtag)(nil)

// maxDesks bounds what is kept for as many goroutines that score at once; more
// allocate. Unlike a sync.Pool it is not emptied by the garbage collector.
const maxDesks = 64

func (c *Cashtag) take() *desk {
	select {
	case d := <-c.desks:
		return d
	default:
		return &desk{probabilities: make([]float64, len(classLabels))}
	}
}

func (c *Cashtag) giveBack(d *desk) {
	select {
	case c.desks <- d:
	default:
	}
}

// desk is what one text is scored on.
type desk struct {
	cleaner       posttext.Cleaner
	features      []uint32
	probabilities []float64
}

// read fills the features of a text.
func (d *desk) read(hasher model.Hasher, post string) {
	d.features = hasher.Features(d.features[:0], d.cleaner.Clean(post))
}

func newCashtag(body []byte, revision string) (*Cashtag, error) {
	compact, err := model.ReadCompact(body)
	if err != nil {
		return nil, err
	}
	if compact.Classes() != len(classLabels) {
		return nil, fmt.Errorf("it has %d classes: must have %d", compact.Classes(), len(classLabels))
	}
	return &Cashtag{model: compact, version: cashtagRevision + "-" + revision, desks: make(chan *desk, maxDesks)}, nil
}

// Score implements Scorer. It never fails. A text without words is unknown.
func (c *Cashtag) Score(_ context.Context, post string) (Score, error) {
	d := c.take()
	defer c.giveBack(d)
	score := Score{Scorer: CashtagName, Version: c.version, Label: schemas.LabelUnknown}
	d.read(c.model.Hasher(), post)
	if len(d.features) == 0 {
		return score, nil
	}
	c.model.Probabilities(d.probabilities, d.features)
	for class, p := range d.probabilities {
		if p > score.Probability {
			score.Label, score.Probability = classLabels[class], p
		}
	}
	return score, nil
}
