package sinktest

import (
	"context"
	"sync"

	"cashtag/streams/durable"
)

// hooked stands between the engine and the sink under test.
type hooked struct {
	durable.Sink

	mu sync.Mutex
	// refuse, when set, is asked for each message: an error is reported for it and
	// the sink does not see it.
	refuse func(durable.Message) error
	// before, when set, is called before each Write of the sink.
	before func(ctx context.Context, batch []durable.Message)
	// after, when set, is called with the result of each Write of the sink.
	after func(errs []error) []error
}

// Write implements durable.Sink.
func (h *hooked) Write(ctx context.Context, batch []durable.Message) []error {
	h.mu.Lock()
	refuse, before, after := h.refuse, h.before, h.after
	h.mu.Unlock()
	if before != nil {
		before(ctx, batch)
	}
	errs := make([]error, len(batch))
	var passed []durable.Message
	var places []int
	for i, message := range batch {
		if refuse != nil {
			errs[i] = refuse(message)
		}
		if errs[i] == nil {
			passed = append(passed, message)
			places = append(places, i)
		}
	}
	if len(passed) > 0 {
		for i, err := range h.Sink.Write(ctx, passed) {
			errs[places[i]] = err
		}
	}
	if after != nil {
		errs = after(errs)
	}
	return errs
}
