package sentiment

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:generate sh -c "go run ../../cmd/cashtag train sentiment --data ${DOLLAR}{CASHTAG_SHARED:-../../../shared/data}/stocknet/sentiment/tfns_train.csv --out builtin.model"

// builtin is the model of the scorer cashtag that ships: see docs/sentiment.md for
// what it was trained on.
//
//go:embed builtin.model
var builtin []byte

// DefaultScorer is the one that scores where nobody chose another.
const DefaultScorer = CdipaoloName

// ScorerNames lists every scorer, the default first.
func ScorerNames() []string { return []string{CdipaoloName, VaderName, CashtagName} }

// ParseScorers reads a choice of scorers: their names with commas between, such as
// "cashtag,vader", in any case, with white space or quotes around it. Empty is the
// default. An error names the value and what is allowed.
func ParseScorers(value string) ([]string, error) {
	value = strings.ToLower(strings.Trim(strings.TrimSpace(value), `"'`))
	if value == "" {
		return []string{DefaultScorer}, nil
	}
	var names []string
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(ScorerNames(), name) {
			return nil, fmt.Errorf("scorer is %q: must be one or more of %s, with commas between", name, strings.Join(ScorerNames(), ", "))
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// shipped is the built-in model of cashtag, read once for the process.
var shipped = sync.OnceValues(func() (cashtag shippedCashtag, err error) {
	cashtag.Scorer, cashtag.trained, err = ReadModel(bytes.NewReader(builtin))
	return cashtag, err
})

type shippedCashtag struct {
	Scorer

	trained Trained
}

// Open returns a scorer as it ships, with what it was trained on where that is
// known.
func Open(name string) (Scorer, Trained, error) {
	switch name {
	case CdipaoloName:
		scorer, err := NewCdipaolo()
		return scorer, Trained{}, err
	case VaderName:
		return NewVader(), Trained{}, nil
	case CashtagName:
		cashtag, err := shipped()
		if err != nil {
			return nil, Trained{}, fmt.Errorf("open scorer %s: built-in model: %w", CashtagName, err)
		}
		return cashtag.Scorer, cashtag.trained, nil
	default:
		return nil, Trained{}, fmt.Errorf("scorer is %q: must be one of %s", name, strings.Join(ScorerNames(), ", "))
	}
}
