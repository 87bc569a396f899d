package outcomes

import (
	"math"
	"slices"
	"time"

	"cashtag/internal/window"
	"cashtag/schemas"
)

// The targets, as models name them.
const (
	direction         = "direction"
	largeMove         = "large_move"
	abnormalVolume    = "abnormal_volume"
	relativeDirection = "relative_direction"
)

const (
	// trailing is how many sessions a label is compared with, and leastTrailing how
	// many of them must be known.
	trailing      = 20
	leastTrailing = 10
	// leastRelative is how many tickers a median needs.
	leastRelative = 3
)

// question is what a prediction is about, but for its ticker.
type question struct {
	window   string
	day      window.Day // whose close or moment decides
	span     window.Day // sessions between the closes
	from, to int64      // Unix seconds
}

// ask is the question of a prediction.
func ask(market *window.Market, p *schemas.Prediction) question {
	day := market.Day(p.DueAt.UnixNano() - 1)
	q := question{window: p.Window, day: day, from: p.PredictedAt.Unix(), to: p.DueAt.Unix()}
	if q.closes() {
		q.span = day - market.Day(p.PredictedAt.UnixNano()-1)
	}
	return q
}

func (q question) closes() bool {
	return q.window == schemas.WindowDay || q.window == schemas.WindowSession
}

// movement is what the price did.
func (q question) movement(t *ticker) float64 {
	if t == nil {
		return math.NaN()
	}
	switch {
	case q.closes() && q.span < 1:
		return math.NaN()
	case q.closes():
		return t.closes(q.day, q.span)
	case q.window == schemas.WindowPreopen:
		return t.within(q.day)
	default:
		return t.between(q.day, q.from, q.to)
	}
}

// deviation is that of the same movement in the sessions before, NaN where too few are
// known.
func (q question) deviation(t *ticker) float64 {
	if !q.closes() && q.window != schemas.WindowPreopen {
		return math.NaN()
	}
	var known []float64
	for d := q.day - trailing; d < q.day; d++ {
		before := q
		before.day = d
		if v := before.movement(t); !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	if len(known) < leastTrailing {
		return math.NaN()
	}
	_, found := window.Spread(known)
	return found
}

// volume is the session's, NaN for a window that is none.
func (q question) volume(t *ticker) float64 {
	if t == nil || (!q.closes() && q.window != schemas.WindowPreopen) {
		return math.NaN()
	}
	return t.volume(q.day)
}

// covered reports whether a bar ends with the horizon, so that no price is still to
// come.
func (q question) covered(t *ticker) bool {
	s := t.best(q.day)
	return s != nil && s.Last >= q.to
}

// answer is the number that decides a target, and whether it came true: nil for
// neither, and for a number. It is false where it is not known.
func (st *state) answer(target, symbol string, q question) (realised float64, happened *bool, ok bool) {
	t := st.Tickers[symbol]
	movement := q.movement(t)
	switch target {
	case direction:
		return movement, above(movement), !math.IsNaN(movement)
	case largeMove:
		deviation := q.deviation(t)
		large := math.Abs(movement) > 2*deviation
		return movement, &large, !math.IsNaN(movement) && !math.IsNaN(deviation)
	case relativeDirection:
		relative := movement - st.median(q)
		return relative, above(relative), !math.IsNaN(relative)
	case abnormalVolume:
		volume := q.volume(t)
		return volume, nil, !math.IsNaN(volume)
	default:
		return math.NaN(), nil, false
	}
}

func above(movement float64) *bool {
	if movement == 0 || math.IsNaN(movement) {
		return nil
	}
	up := movement > 0
	return &up
}

// median is that of all tickers' movements, NaN where too few are known.
func (st *state) median(q question) float64 {
	var known []float64
	for _, t := range st.Tickers {
		if v := q.movement(t); !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	if len(known) < leastRelative {
		return math.NaN()
	}
	slices.Sort(known)
	half := len(known) / 2
	if len(known)%2 == 0 {
		return (known[half-1] + known[half]) / 2
	}
	return known[half]
}

// knownAt is from when on a prediction's outcome may be asked for: when it is due
// where no price is still to come, else once they had the time to.
func (st *state) knownAt(p *schemas.Prediction, q question, settle time.Duration) time.Time {
	covered := q.covered(st.Tickers[p.Ticker])
	if p.Target == relativeDirection { // it is about all that have a price on the day
		for _, t := range st.Tickers {
			covered = covered && (t.best(q.day) == nil || q.covered(t))
		}
	}
	if covered {
		return p.DueAt
	}
	return p.DueAt.Add(settle)
}
