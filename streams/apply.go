package streams

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrWouldLose is matched by the error of an Apply that was refused because it
// would lose stored messages.
var ErrWouldLose = errors.New("would lose data")

// Apply makes the server agree with the topology and returns what it changed.
//
// A change that would lose stored messages (narrowed subjects, a lowered limit,
// another storage or retention) is refused with an error that matches
// ErrWouldLose and names each, and then nothing at all is changed. With force it
// is done; a stream whose storage or retention differs is then deleted and made
// anew, since a server cannot change that.
func Apply(ctx context.Context, client *Client, topology Topology, force bool) ([]Change, error) {
	changes, err := Diff(ctx, client, topology)
	if err != nil {
		return nil, err
	}
	if losses := lossesOf(changes); len(losses) > 0 && !force {
		return nil, fmt.Errorf("apply streams: %w: %s: nothing was changed", ErrWouldLose, strings.Join(losses, "; "))
	}
	for _, config := range topology.Streams {
		if err := applyStream(ctx, client, config, of(changes, KindStream, config.Name)); err != nil {
			return nil, fmt.Errorf("apply stream %s: %w", config.Name, err)
		}
	}
	for _, config := range topology.Buckets {
		if err := applyBucket(ctx, client, config, of(changes, KindBucket, config.Bucket)); err != nil {
			return nil, fmt.Errorf("apply bucket %s: %w", config.Bucket, err)
		}
	}
	return changes, nil
}

func lossesOf(changes []Change) []string {
	var losses []string
	for _, change := range changes {
		if change.Loses {
			losses = append(losses, change.String())
		}
	}
	return losses
}

func of(changes []Change, kind, name string) []Change {
	var some []Change
	for _, change := range changes {
		if change.Kind == kind && change.Name == name {
			some = append(some, change)
		}
	}
	return some
}

// anew reports whether a stream must be deleted first.
func anew(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Field == "storage" || c.Field == "retention" })
}

func applyStream(ctx context.Context, client *Client, config jetstream.StreamConfig, changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	if anew(changes) {
		if err := client.JS.DeleteStream(ctx, config.Name); err != nil {
			return err
		}
	}
	_, err := client.JS.CreateOrUpdateStream(ctx, config)
	return err
}

func applyBucket(ctx context.Context, client *Client, config jetstream.KeyValueConfig, changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	if anew(changes) {
		if err := client.JS.DeleteKeyValue(ctx, config.Bucket); err != nil {
			return err
		}
	}
	_, err := client.JS.CreateOrUpdateKeyValue(ctx, config)
	return err
}
