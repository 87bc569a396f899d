package sentiment

import (
	"context"
	"fmt"
	"hash/fnv"
	"runtime"
	"sync/atomic"

	"cashtag/internal/model"
	posttext "cashtag/internal/text"

	"golang.org/x/sync/errgroup"
)

// TrainConfig says how a scorer is trained. Start from DefaultTrainConfig.
type TrainConfig struct {
	// Seed decides which texts are held out together.
	Seed uint64
	// Folds is how many parts the texts are held out in, one after the other.
	Folds int
	// C is how little the weights of the scorer cashtag are held back.
	C float64
	// HashBits is the logarithm to base 2 of how many features cashtag has.
	HashBits uint8
}

// DefaultTrainConfig is what the built-in model was trained with.
func DefaultTrainConfig() TrainConfig { return TrainConfig{Seed: 1, Folds: 5, C: 3, HashBits: 18} }

// Validate returns an error that names the field, its value and what is allowed.
func (c TrainConfig) Validate() error {
	if c.Folds < 2 || c.Folds > 20 {
		return fmt.Errorf("folds is %d: must be from 2 to 20", c.Folds)
	}
	if !(c.C > 0 && c.C <= 1e6) {
		return fmt.Errorf("c is %v: must be above 0 and at most 1000000", c.C)
	}
	return model.Hasher{Bits: c.HashBits}.Validate()
}

// Training is a scorer that was trained: the file that ReadModel takes, and what
// it said of the texts of each source while they were held out.
type Training struct {
	File    []byte
	HeldOut []HeldOut
}

// HeldOut is what models that never saw a text said of it.
type HeldOut struct {
	Source   string
	Verdicts model.Verdicts
}

// Progress is told what is done, and how much of all is. It is safe for concurrent
// use.
type Progress func(done string, share float64)

// row is a labelled text in a fold.
type row struct {
	Labelled

	source, fold int
}

// rowsOf puts every text into a fold by its cleaned words and the seed: what was
// posted twice is held out together, wherever it stands.
func rowsOf(sources []*Labels, cfg TrainConfig) []row {
	var rows []row
	var cleaner posttext.Cleaner
	for s, source := range sources {
		for _, labelled := range source.Rows {
			hash := fnv.New64a()
			_, _ = fmt.Fprintf(hash, "%d %s", cfg.Seed, cleaner.Clean(labelled.Text))
			mixed := hash.Sum64() * 0x9e3779b97f4a7c15
			rows = append(rows, row{Labelled: labelled, source: s, fold: int((mixed >> 32) % uint64(cfg.Folds))})
		}
	}
	return rows
}

// opinion is what a model thinks of one text.
type opinion struct {
	logits      []float64 // where the model has any
	class       int       // or model.Abstained
	probability float64
}

// crossValidate trains a model without each fold and asks it of that fold. Folds
// share the processors; what comes out does not depend on which was first.
func crossValidate(
	ctx context.Context, rows []row, folds int, progress Progress,
	train func(ctx context.Context, rows []row) (func(row) opinion, error),
) ([]opinion, error) {
	opinions := make([]opinion, len(rows))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	var done atomic.Int64
	for fold := range folds {
		group.Go(func() error {
			var rest []row
			for _, r := range rows {
				if r.fold != fold {
					rest = append(rest, r)
				}
			}
			ask, err := train(ctx, rest)
			if err != nil {
				return fmt.Errorf("train without part %d of %d: %w", fold+1, folds, err)
			}
			for i, r := range rows {
				if r.fold == fold {
					opinions[i] = ask(r)
				}
			}
			n := done.Add(1)
			progress(fmt.Sprintf("held out %d of %d parts", n, folds), float64(n)/float64(folds+1))
			return nil
		})
	}
	return opinions, group.Wait()
}

// heldOut sorts the opinions by source.
func heldOut(sources []*Labels, rows []row, opinions []opinion) []HeldOut {
	out := make([]HeldOut, len(sources))
	for s, source := range sources {
		out[s] = HeldOut{Source: source.Name, Verdicts: model.Verdicts{Classes: len(classLabels)}}
	}
	for i, r := range rows {
		v := &out[r.source].Verdicts
		v.True = append(v.True, r.Class)
		v.Predicted = append(v.Predicted, opinions[i].class)
		v.Probability = append(v.Probability, opinions[i].probability)
	}
	return out
}

// Train trains a scorer by name: cashtag or cdipaolo. The same sources in the same
// order with the same configuration give the same file, on one kind of processor:
// another may fuse a multiplication with an addition and round differently.
func Train(ctx context.Context, scorer string, sources []*Labels, cfg TrainConfig, progress Progress) (*Training, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	train, ok := map[string]func(context.Context, []*Labels, TrainConfig, Progress) ([]byte, []HeldOut, error){
		CashtagName:  trainCashtag,
		CdipaoloName: trainCdipaolo,
	}[scorer]
	if !ok {
		return nil, fmt.Errorf("scorer %q cannot be trained: must be %s or %s", scorer, CashtagName, CdipaoloName)
	}
	body, held, err := train(ctx, sources, cfg, progress)
	if err != nil {
		return nil, fmt.Errorf("train %s: %w", scorer, err)
	}
	trained := Trained{Scorer: scorer, Seed: cfg.Seed}
	for _, source := range sources {
		trained.Sources = append(trained.Sources, TrainedSource{Name: source.Name, Digest: source.Digest, Rows: len(source.Rows)})
	}
	file, err := pack(trained, body)
	if err != nil {
		return nil, err
	}
	return &Training{File: file, HeldOut: held}, nil
}
