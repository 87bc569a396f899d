package streams_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/streams"
)

func TestPublishStoresAnEventOnce(t *testing.T) {
	events := tweets("a", 60)
	cases := []struct {
		name       string
		before     []schemas.Event
		call       []schemas.Event
		duplicates uint64
	}{
		{"a whole batch again", events, events, 60},
		{"a part of the batch", events[20:40], events, 20},
		{"the first of the batch", events[:1], events, 1},
		{"the last of the batch", events[59:], events, 1},
		{"twice in one call", nil, slices.Concat(events, events[10:20], events[:1]), 0},
		{"twice in one call, and once before", events[3:4], slices.Concat(events[:5], events[:5], events[5:]), 1},
		{"one event again", events[:1], events[:1], 1},
	}
	for _, mode := range modes {
		for _, c := range cases {
			t.Run(mode.name+", "+c.name, func(t *testing.T) {
				client := inProcess(t, natsdtest.Start(t, mode.server))
				createStreams(t, client, mode.stream)
				publisher := newPublisher(t, client, nil)
				if err := publisher.Publish(t.Context(), c.before...); err != nil {
					t.Fatalf("publish before: %v", err)
				}
				if err := publisher.Publish(t.Context(), c.call...); err != nil {
					t.Fatalf("publish: %v", err)
				}
				got := ids(contents(t, client, streams.Tweets))
				want := slices.Clone(c.before)
				for _, event := range c.call {
					if !slices.ContainsFunc(want, func(e schemas.Event) bool { return e.ID == event.ID }) {
						want = append(want, event)
					}
				}
				checkOnce(t, got, want)
				if got := publisher.Stats().Duplicates; got != c.duplicates {
					t.Errorf("duplicates: got %d, want %d", got, c.duplicates)
				}
				if got, want := publisher.Stats().Events, uint64(len(want)); got != want {
					t.Errorf("events: got %d, want %d", got, want)
				}
			})
		}
	}
}

func TestCallersThatPublishTheSame(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			client := inProcess(t, natsdtest.Start(t, mode.server))
			createStreams(t, client, mode.stream)
			// All callers meet in one batch.
			publisher := newPublisher(t, client, func(c *streams.PublisherConfig) { c.Linger = 200 * time.Millisecond })
			events := tweets("a", 50)
			var wait sync.WaitGroup
			for range 4 {
				wait.Go(func() {
					if err := publisher.Publish(t.Context(), events...); err != nil {
						t.Errorf("publish: %v", err)
					}
				})
			}
			wait.Wait()
			checkOnce(t, ids(contents(t, client, streams.Tweets)), events)
			if got := publisher.Stats(); got.Duplicates != 0 || got.Retries != 0 {
				t.Errorf("got %+v, want neither duplicates nor retries: the callers share one batch", got)
			}
		})
	}
}
