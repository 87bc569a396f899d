package flag

import (
	"context"
	"log/slog"

	"cashtag/streams/bucket"
)

// journal logs what happens to the flags.
type journal struct{ log *slog.Logger }

// Found implements bucket.Journal.
func (j journal) Found(ctx context.Context, value *bucket.Value, word string, revision uint64) {
	j.log.InfoContext(ctx, "flag is set", "flag", value.Name(), "value", word, "revision", revision)
}

// Changed implements bucket.Journal.
func (j journal) Changed(ctx context.Context, value *bucket.Value, before, after string, revision uint64) {
	j.log.InfoContext(ctx, "flag changed", "flag", value.Name(), "before", before, "after", after, "revision", revision)
}

// Refused implements bucket.Journal.
func (j journal) Refused(ctx context.Context, value *bucket.Value, stored string, _ error, revision uint64) {
	allowed := onOff("", "").Allowed
	if k, err := known(value.Name()); err == nil {
		allowed = k.Allowed
	}
	j.log.WarnContext(ctx, "flag value is not allowed", "flag", value.Name(), "value", bucket.Shorten(stored),
		"allowed", allowed, "kept", value.Get(), "revision", revision)
}

// Unknown implements bucket.Journal.
func (j journal) Unknown(ctx context.Context, key, stored string, revision uint64) {
	j.log.WarnContext(ctx, "flag is not known", "flag", bucket.Shorten(key), "value", bucket.Shorten(stored), "revision", revision)
}

// Waiting implements bucket.Journal.
func (j journal) Waiting(ctx context.Context, err error) {
	j.log.DebugContext(ctx, "flags are waited for", "error", err)
}
