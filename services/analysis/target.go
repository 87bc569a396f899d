package analysis

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Target is something to predict.
type Target string

// The targets.
const (
	Direction         Target = "direction"          // the movement is above 0
	LargeMove         Target = "large_move"         // its size is above two trailing deviations
	AbnormalVolume    Target = "abnormal_volume"    // log of volume over its mean of 20 sessions
	RelativeDirection Target = "relative_direction" // the movement is above the median of the tickers
)

// Targets returns every target.
func Targets() []Target { return []Target{Direction, LargeMove, AbnormalVolume, RelativeDirection} }

func (t Target) validate() error {
	if slices.Contains(Targets(), t) {
		return nil
	}
	names := make([]string, 0, len(Targets()))
	for _, known := range Targets() {
		names = append(names, string(known))
	}
	return fmt.Errorf("there is no target %q: must be one of %s", t, strings.Join(names, ", "))
}

// Continuous reports whether the target is a number and not a yes or no.
func (t Target) Continuous() bool { return t == AbnormalVolume }

// value is the label of an outcome: a number, or 1 and 0 for yes and no; NaN
// where it is not known. A movement of exactly 0, which is neither up nor down,
// is not known either.
func (t Target) value(o Outcome) float64 {
	switch t {
	case LargeMove:
		return o.Large
	case AbnormalVolume:
		return o.Volume
	case RelativeDirection:
		return above(o.Relative)
	default:
		return above(o.Return)
	}
}

func above(movement float64) float64 {
	switch {
	case math.IsNaN(movement) || movement == 0:
		return math.NaN()
	case movement > 0:
		return 1
	default:
		return 0
	}
}
