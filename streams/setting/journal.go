package setting

import (
	"context"
	"log/slog"

	"cashtag/streams/bucket"
)

// journal logs what happens to the settings.
type journal struct {
	log   *slog.Logger
	known []string
}

func newJournal(log *slog.Logger, keys []bucket.Key) journal {
	j := journal{log: log}
	for _, key := range keys {
		j.known = append(j.known, key.Name)
	}
	return j
}

// Found implements bucket.Journal.
func (j journal) Found(ctx context.Context, value *bucket.Value, word string, revision uint64) {
	j.log.InfoContext(ctx, "setting is set", "setting", value.Name(), "value", word, "revision", revision)
}

// Changed implements bucket.Journal.
func (j journal) Changed(ctx context.Context, value *bucket.Value, before, after string, revision uint64) {
	j.log.InfoContext(ctx, "setting changed", "setting", value.Name(), "before", before, "after", after, "revision", revision)
}

// Refused implements bucket.Journal.
func (j journal) Refused(ctx context.Context, value *bucket.Value, stored string, err error, revision uint64) {
	j.log.WarnContext(ctx, "setting is not allowed", "setting", value.Name(), "value", bucket.Shorten(stored),
		"error", err, "kept", bucket.Shorten(value.Get()), "revision", revision)
}

// Unknown implements bucket.Journal.
func (j journal) Unknown(ctx context.Context, key, stored string, revision uint64) {
	j.log.WarnContext(ctx, "setting is not known", "setting", bucket.Shorten(key), "value", bucket.Shorten(stored),
		"known", j.known, "revision", revision)
}

// Waiting implements bucket.Journal.
func (j journal) Waiting(ctx context.Context, err error) {
	j.log.DebugContext(ctx, "settings are waited for", "error", err)
}
