package streams

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// codeSubjectsOverlap is nats-server's, which its client has no name for.
const codeSubjectsOverlap jetstream.ErrorCode = 10065

// Apply makes the server agree with the topology and returns what it changed.
//
// A change that would lose stored messages (narrowed subjects, a lowered limit,
// another storage or retention) is refused with an error that matches
// ErrWouldLose and names each, and then nothing at all is changed. With force it
// is done; what a server cannot change is then deleted and made anew.
//
// Should the server refuse a change, Apply returns those made before it beside
// the error. It may be called again at any time.
func Apply(ctx context.Context, client *Client, topology Topology, force bool) ([]Change, error) {
	type step struct {
		item
		changes []Change
	}
	var steps []step
	var losses []string
	for _, item := range topology.items() {
		config, changes, err := item.compare(ctx, client)
		if err != nil {
			return nil, err
		}
		for _, change := range changes {
			if change.Loses {
				losses = append(losses, change.String())
			}
		}
		if len(changes) > 0 {
			item.config = config
			steps = append(steps, step{item, changes})
		}
	}
	if len(losses) > 0 && !force {
		return nil, fmt.Errorf("apply streams: %w: %s: nothing was changed", ErrWouldLose, strings.Join(losses, "; "))
	}
	var done []Change
	for _, step := range steps {
		if err := step.apply(ctx, client, step.changes); err != nil {
			return done, fmt.Errorf("apply %s %s: %w", step.kind, step.name, err)
		}
		done = append(done, step.changes...)
	}
	return done, nil
}

func (i item) apply(ctx context.Context, client *Client, changes []Change) error {
	if slices.ContainsFunc(changes, func(c Change) bool { return c.Action == ActionReplace }) {
		if err := client.JS.DeleteStream(ctx, i.config.Name); err != nil {
			return fmt.Errorf("delete: %w", err)
		}
	}
	_, err := client.JS.CreateOrUpdateStream(ctx, i.config)
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == codeSubjectsOverlap {
		return fmt.Errorf("%w: %s of this server keeps %s: narrow or delete that stream",
			err, i.rival(ctx, client), strings.Join(i.config.Subjects, ","))
	}
	return err
}

// rival names a stream that keeps subjects which this one should.
func (i item) rival(ctx context.Context, client *Client) string {
	for _, subject := range i.config.Subjects {
		names := client.JS.StreamNames(ctx, jetstream.WithStreamListSubject(subject))
		for name := range names.Name() {
			if name != i.config.Name {
				return "stream " + name
			}
		}
	}
	return "another stream"
}
