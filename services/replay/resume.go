package replay

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cashtag/schemas"
	"cashtag/streams"
)

// run is one playing of the tape, perhaps over several processes.
type run struct {
	source string // the name that the tape's places are kept under
	number int    // 1 for the first
	feeds  []string
	stored map[string]uint64
	passed map[string]uint64
}

// resume finds out which run is going on and how much of it each stream holds.
func (p *Player) resume(ctx context.Context) (*run, error) {
	r := &run{
		source: "tape:" + p.tape.Fingerprint(),
		number: 1,
		feeds:  p.cfg.Streams,
		stored: make(map[string]uint64),
		passed: make(map[string]uint64),
	}
	numbers := make(map[string]int)
	for _, stream := range p.cfg.Streams {
		place, err := p.places(ctx, stream, r.source)
		if err != nil {
			return nil, fmt.Errorf("replay: %w", err)
		}
		if place == "" {
			continue
		}
		number, ordinal, err := parsePlace(place)
		if err != nil {
			return nil, fmt.Errorf("replay: place of %s in %s: %w", r.source, stream, err)
		}
		numbers[stream], r.stored[stream] = number, ordinal
		r.number = max(r.number, number)
	}
	if p.cfg.Again && len(numbers) > 0 {
		r.number++
	}
	for stream, number := range numbers {
		if number != r.number {
			delete(r.stored, stream) // of an earlier run
		}
	}
	return r, nil
}

// place counts the event in its stream. It returns false when the stream holds it.
func (r *run) place(event schemas.Event) (placed streams.Placed, fresh bool, err error) {
	subject, err := streams.Subject(event)
	if err != nil {
		return streams.Placed{}, false, err
	}
	stream := streams.StreamOf(subject)
	if !slices.Contains(r.feeds, stream) {
		return streams.Placed{}, false, fmt.Errorf("event %s belongs to stream %s: this player feeds %s alone", event.ID, stream, strings.Join(r.feeds, ", "))
	}
	r.passed[stream]++
	if r.passed[stream] <= r.stored[stream] {
		return streams.Placed{}, false, nil
	}
	event.ID += runSuffix(r.number)
	place := strconv.Itoa(r.number) + "/" + strconv.FormatUint(r.passed[stream], 10)
	return streams.Placed{Event: event, Place: place}, true, nil
}

// parsePlace reads what run.place wrote: the run's number and how many events of
// the tape the stream holds.
func parsePlace(place string) (number int, ordinal uint64, err error) {
	left, right, ok := strings.Cut(place, "/")
	if ok {
		if number, err = strconv.Atoi(left); err == nil {
			ordinal, err = strconv.ParseUint(right, 10, 64)
		}
	}
	if !ok || err != nil || number < 1 {
		return 0, 0, fmt.Errorf("%q is not run/ordinal", place)
	}
	return number, ordinal, nil
}
