package features

import (
	"iter"

	"cashtag/schemas"
)

// Aggregate makes all vectors of a sequence of events, as they would be made live:
// after each word of the market's clock. It is what a benchmark measures.
func Aggregate(cfg Config, events iter.Seq2[schemas.Event, error], emit func(schemas.Event)) (Stats, error) {
	state, err := NewState(cfg)
	if err != nil {
		return Stats{}, err
	}
	for event, err := range events {
		if err != nil {
			return state.Stats(), err
		}
		state.Apply(event)
		if event.Type == schemas.TypeClock {
			state.Flush(emit)
		}
	}
	state.Flush(emit)
	return state.Stats(), nil
}
