package bluesky

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"cashtag/schemas"
	"cashtag/streams/ingest"
)

// Source reads Jetstream. Its methods are not safe for concurrent use.
type Source struct {
	cfg     Config
	decoder *Decoder
	sample  *sampler

	link         *link
	turn         int   // which instance is tried first
	origin       place // when the first connection began, for when nothing came of it
	byTime       bool  // the sequence numbers are another archive's: resume by time
	dictionaries map[string]dictionary
	resting      map[string]*refusal // by base: those that said when to come again
	plain        func()              // says why the instance in hand is read uncompressed; nil where it is not
	said         map[string]bool     // what is logged once
	gap          gap
}

var _ ingest.Source = (*Source)(nil)

// New returns a Source that connects at the first Next.
func New(cfg Config) (*Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Tally == nil {
		cfg.Tally = ingest.Uncounted{}
	}
	if cfg.Client == nil {
		cfg.Client = http.DefaultClient
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Source{
		cfg:          cfg,
		decoder:      NewDecoder(cfg),
		sample:       &sampler{logger: cfg.Logger, now: cfg.Now},
		dictionaries: make(map[string]dictionary),
		resting:      make(map[string]*refusal),
		said:         make(map[string]bool),
	}, nil
}

// Next returns the posts and deletions that came after cursor, and the place after
// them; see ingest.Source.
func (s *Source) Next(ctx context.Context, cursor string) (events []schemas.Event, next string, err error) {
	at, err := placeOf(cursor)
	if err != nil {
		return nil, "", err
	}
	if s.link == nil {
		if s.link, err = s.connect(ctx, at); err != nil {
			return nil, "", err
		}
	}
	progress := time.NewTicker(s.cfg.Progress)
	defer progress.Stop()
	for {
		h := s.link.take()
		s.hear(ctx, h)
		switch {
		case len(h.events) > 0:
			return h.events, h.place.String(), nil
		case h.err != nil:
			again := s.lose(h)
			if !again {
				return nil, "", h.err
			}
			if s.link, err = s.connect(ctx, at); err != nil {
				return nil, "", err
			}
		}
		select {
		case <-s.link.ready:
			continue
		case <-ctx.Done():
			return nil, "", ctx.Err()
		case <-progress.C:
		}
		h = s.link.take()
		s.hear(ctx, h)
		if len(h.events) > 0 || h.place != at && h.place != (place{}) {
			return h.events, h.place.String(), nil
		}
	}
}

// lose lets go of a connection that failed, and reports whether to connect again
// at once: by time, where the instance did not know the sequence number.
func (s *Source) lose(h haul) (again bool) {
	s.drop()
	switch {
	case errors.Is(h.err, errFuture) && !s.byTime:
		s.byTime = true
		return true
	case h.frames == 0:
		// It connects and says nothing: another may.
		s.turn++
	}
	return false
}

// hear logs what the server advised, and a gap once it is known where it ends.
func (s *Source) hear(ctx context.Context, h haul) {
	for _, a := range h.advices {
		if a.name == "OutdatedCursor" {
			s.gap.lost = s.gap.open
			continue
		}
		s.cfg.Logger.InfoContext(ctx, "bluesky advises", "advice", a.name, "text", a.text)
	}
	if h.first == 0 || !s.gap.open {
		return
	}
	s.byTime = false
	if s.gap.lost || s.link.instance.version == V1 && h.first-s.gap.from.micros > silentGap.Microseconds() {
		s.cfg.Logger.WarnContext(ctx, "bluesky no longer holds what came after the last place, going on from its oldest",
			"instance", s.link.instance.base, "from", s.gap.from.time(), "to", time.UnixMicro(h.first).UTC())
	}
	s.gap = gap{}
}

// Close ends the connection, within a second.
func (s *Source) Close() error {
	if s.link != nil {
		s.drop()
	}
	return nil
}

func (s *Source) drop() {
	s.link.close()
	s.link = nil
}

// once does something the first time that it is asked by that name.
func (s *Source) once(name string, do func()) {
	if !s.said[name] {
		s.said[name] = true
		do()
	}
}

// silentGap is how much later than asked the first frame of v1 must be to say that
// there is a gap, since v1 moves a cursor without a word.
const silentGap = 10 * time.Minute

// gap is the stretch between the place asked for and the first frame after it.
type gap struct {
	from place
	lost bool // the server said so
	open bool // the first frame did not come yet
}
