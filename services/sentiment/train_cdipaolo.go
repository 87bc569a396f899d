package sentiment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"cashtag/internal/model"
	posttext "cashtag/internal/text"

	"github.com/cdipaolo/goml/base"
	"github.com/cdipaolo/goml/text"
	"github.com/cdipaolo/sentiment"
)

// trainCdipaolo trains the naive Bayes classifier of the scorer cdipaolo anew, of
// three classes, by its own library.
func trainCdipaolo(ctx context.Context, sources []*Labels, cfg TrainConfig, progress Progress) ([]byte, []HeldOut, error) {
	rows := rowsOf(sources, cfg)
	opinions, err := crossValidate(ctx, rows, cfg.Folds, progress,
		func(ctx context.Context, rows []row) (func(row) opinion, error) {
			body, err := fitBayes(ctx, rows)
			if err != nil {
				return nil, err
			}
			scorer, err := newRetrained(body, "")
			if err != nil {
				return nil, err
			}
			return func(r row) opinion { return opinionOf(ctx, scorer, r.Text) }, nil
		})
	if err != nil {
		return nil, nil, err
	}
	body, err := fitBayes(ctx, rows)
	if err != nil {
		return nil, nil, err
	}
	progress("trained on all texts", 1)
	return body, heldOut(sources, rows, opinions), nil
}

// fitBayes returns a model as the library stores it, of all texts cleaned. Its
// likelihood is blind to how large a class is, so every class is repeated until it
// is as large as the largest.
func fitBayes(ctx context.Context, rows []row) ([]byte, error) {
	var byClass [maxBayes][]string
	for _, r := range rows {
		byClass[r.Class] = append(byClass[r.Class], posttext.Clean(r.Text))
	}
	largest := 0
	for class, texts := range byClass {
		if len(texts) == 0 {
			return nil, fmt.Errorf("class %s has no text: %w", classLabels[class], model.ErrNoExample)
		}
		largest = max(largest, len(texts))
	}
	points := make(chan base.TextDatapoint, 100)
	failures := make(chan error, 1)
	bayes := text.NewNaiveBayes(points, maxBayes, base.OnlyWords)
	bayes.Output = io.Discard
	go bayes.OnlineLearn(failures)
	go func() {
		defer close(points)
		for i := range largest {
			for class, texts := range byClass {
				select {
				case points <- base.TextDatapoint{X: texts[i%len(texts)], Y: uint8(class)}:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	var errs []error
	for err := range failures { // closed when all is learnt
		errs = append(errs, err)
	}
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		return nil, err
	}
	return encodeBayes(bayes)
}

// encodeBayes leaves the tokenizer out: the library cannot read a model with one.
func encodeBayes(bayes *text.NaiveBayes) ([]byte, error) {
	whole, err := json.Marshal(bayes)
	if err != nil {
		return nil, fmt.Errorf("encode model: %w", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(whole, &fields); err != nil {
		return nil, fmt.Errorf("encode model: %w", err)
	}
	delete(fields, "tokenizer")
	return json.Marshal(map[sentiment.Language]map[string]json.RawMessage{sentiment.English: fields})
}

// opinionOf asks a scorer of one text.
func opinionOf(ctx context.Context, scorer Scorer, post string) opinion {
	score, err := scorer.Score(ctx, post)
	if err != nil {
		return opinion{class: model.Abstained}
	}
	return opinion{class: slices.Index(classLabels, score.Label), probability: score.Probability}
}
