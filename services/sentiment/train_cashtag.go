package sentiment

import (
	"context"

	"cashtag/internal/model"
)

// trainCashtag fits the scorer cashtag. Its temperature is fitted on what models
// said of texts that they had not seen.
func trainCashtag(ctx context.Context, sources []*Labels, cfg TrainConfig, progress Progress) ([]byte, []HeldOut, error) {
	rows := rowsOf(sources, cfg)
	hasher := model.Hasher{Bits: cfg.HashBits}
	fit := func(ctx context.Context, rows []row, temperature float64) (*model.Compact, error) {
		softmax, err := model.FitSoftmax(ctx, examplesOf(rows, hasher), hasher, len(classLabels), cfg.C)
		if err != nil {
			return nil, err
		}
		return softmax.Compact(hasher, temperature)
	}
	opinions, err := crossValidate(ctx, rows, cfg.Folds, progress,
		func(ctx context.Context, rows []row) (func(row) opinion, error) {
			compact, err := fit(ctx, rows, 1)
			if err != nil {
				return nil, err
			}
			return func(r row) opinion { return logitsOf(compact, r) }, nil
		})
	if err != nil {
		return nil, nil, err
	}
	temperature, err := calibrate(rows, opinions)
	if err != nil {
		return nil, nil, err
	}
	compact, err := fit(ctx, rows, temperature)
	if err != nil {
		return nil, nil, err
	}
	progress("trained on all texts", 1)
	body, err := compact.AppendBinary(nil)
	if err != nil {
		return nil, nil, err
	}
	return body, heldOut(sources, rows, opinions), nil
}

func examplesOf(rows []row, hasher model.Hasher) []model.Example {
	examples := make([]model.Example, len(rows))
	var d desk
	for i, r := range rows {
		d.features = nil // each example keeps its own
		d.read(hasher, r.Text)
		examples[i] = model.Example{Features: d.features, Class: r.Class}
	}
	return examples
}

// logitsOf asks a model of one text.
func logitsOf(compact *model.Compact, r row) opinion {
	var d desk
	d.read(compact.Hasher(), r.Text)
	if len(d.features) == 0 {
		return opinion{class: model.Abstained}
	}
	logits := make([]float64, compact.Classes())
	compact.Logits(logits, d.features)
	return opinion{logits: logits}
}

// calibrate fits the temperature to the opinions and gives each of them its class
// and its probability.
func calibrate(rows []row, opinions []opinion) (temperature float64, err error) {
	var logits [][]float64
	var happened []int
	for i, o := range opinions {
		if o.logits != nil {
			logits = append(logits, o.logits)
			happened = append(happened, rows[i].Class)
		}
	}
	if temperature, err = model.FitTemperature(logits, happened); err != nil {
		return 0, err
	}
	for i := range opinions {
		o := &opinions[i]
		if o.logits == nil {
			continue
		}
		model.Probabilities(o.logits, temperature)
		for class, p := range o.logits {
			if p > o.probability {
				o.class, o.probability = class, p
			}
		}
	}
	return temperature, nil
}
