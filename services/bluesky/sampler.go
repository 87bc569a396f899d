package bluesky

import (
	"context"
	"log/slog"
	"time"
)

// sampleEvery is how far apart log events about malformed frames are.
const sampleEvery = time.Minute

// sampler logs the first malformed frame of a minute and how many there were
// since the last one that was logged.
type sampler struct {
	logger *slog.Logger
	now    func() time.Time
	last   time.Time
	silent int
}

func (s *sampler) log(ctx context.Context, instance string, err error) {
	now := s.now()
	if !s.last.IsZero() && now.Sub(s.last) < sampleEvery {
		s.silent++
		return
	}
	s.logger.WarnContext(ctx, "malformed frame passed over", "instance", instance, "error", err, "more_since_the_last", s.silent)
	s.last, s.silent = now, 0
}
