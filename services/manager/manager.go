package manager

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
	"cashtag/streams"
)

// retryPause is how long a manager waits before it asks a stream again that did
// not answer.
const retryPause = time.Second

// Manager states what the market does. New makes one; Run does the work.
type Manager struct {
	cfg      Config
	journal  Journal
	clock    Clock
	flag     Flag
	log      *slog.Logger
	calendar *calendar.Calendar
	sessions *subjects
	ticks    *subjects
	progress *progress
	ahead    bool // the stream is ahead of the clock, and it was said
}

// New returns a Manager of one market. A nil logger discards.
func New(cfg Config, clock Clock, flag Flag, journal Journal, logger *slog.Logger) (*Manager, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("manager: %w", err)
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Manager{
		cfg:      cfg,
		journal:  journal,
		clock:    clock,
		flag:     flag,
		log:      logger,
		calendar: calendar.XNYS(),
		sessions: sessionSubjects(journal, cfg.Source),
		ticks:    clockSubject(journal, cfg.Source),
		progress: newProgress(),
	}, nil
}

// Run states what is due until ctx ends. It returns an error when the stream
// refuses, or holds what is no event.
func (m *Manager) Run(ctx context.Context) error {
	for {
		changed := m.flag.Changed()
		now := m.clock.Now()
		next := now.Truncate(time.Minute).Add(time.Minute) // all that is due is due at a full minute
		err := m.settle(ctx, now)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, streams.ErrOutcomeUnknown):
			m.log.WarnContext(ctx, "market's events are published again", "error", err)
			if !pause(ctx, retryPause) {
				return nil
			}
			continue
		case err != nil:
			return fmt.Errorf("manager: %w", err)
		}
		m.progress.reach(next)
		if err := m.wait(ctx, next, changed); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("manager: wait for %s: %w", next.Format(time.RFC3339), err)
		}
	}
}

// Published is how far the manager got: everything that is due before it is
// stored. It is zero before the first time, and never goes back.
func (m *Manager) Published() time.Time { return m.progress.until() }

// Caught returns nil once everything that is due at t and before is stored, or the
// cause of the end of ctx.
func (m *Manager) Caught(ctx context.Context, t time.Time) error { return m.progress.wait(ctx, t) }

// wait returns nil when the clock shows t, or the flag changed.
func (m *Manager) wait(ctx context.Context, t time.Time, changed <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	shown := make(chan error, 1)
	go func() { shown <- m.clock.Until(ctx, t) }()
	select {
	case err := <-shown:
		return err
	case <-changed:
		cancel()
		if err := <-shown; err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
}

// settle publishes all that is due at now.
func (m *Manager) settle(ctx context.Context, now time.Time) error {
	word, revision := m.flag.Read()
	for {
		if err := m.sessions.read(ctx); err != nil {
			return err
		}
		event, due, err := m.session(now, word, revision)
		if err != nil {
			return err
		}
		if !due {
			break
		}
		stored, err := m.sessions.publish(ctx, event)
		if err != nil {
			return err
		}
		if data := event.Data.(*schemas.Session); stored {
			m.log.InfoContext(ctx, "market session changed",
				"state", data.State, "reason", data.Reason, "at", event.Time, "id", event.ID)
		}
	}
	return m.tick(ctx, now, word)
}

// tick publishes the tick of the newest full minute, unless it is there.
func (m *Manager) tick(ctx context.Context, now time.Time, word string) error {
	minute := now.UTC().Truncate(time.Minute)
	if minute.Before(m.cfg.Since) || m.cfg.Ticks != nil && !m.cfg.Ticks(minute) {
		return nil
	}
	for {
		if err := m.ticks.read(ctx); err != nil {
			return err
		}
		m.compare(ctx, now)
		if !m.ticks.last.Time.Before(minute) {
			return nil
		}
		if made, err := m.makeUp(ctx, minute, word); made || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		if _, err := m.ticks.publish(ctx, m.tickEvent(minute, word)); err != nil {
			return err
		}
	}
}

// maxMadeUp bounds the ticks that are published at once.
const maxMadeUp = 500

// makeUp publishes ticks before minute that the clock jumped over, where it is to,
// and reports whether there were any.
func (m *Manager) makeUp(ctx context.Context, minute time.Time, word string) (bool, error) {
	if !m.cfg.MakeUp {
		return false, nil
	}
	at := m.cfg.Since.UTC().Truncate(time.Minute)
	if at.Before(m.cfg.Since) {
		at = at.Add(time.Minute)
	}
	if last := m.ticks.last.Time; !last.Before(at) {
		at = last.Add(time.Minute)
	}
	var missed []schemas.Event
	for ; at.Before(minute) && len(missed) < maxMadeUp; at = at.Add(time.Minute) {
		if m.cfg.Ticks == nil || m.cfg.Ticks(at) {
			missed = append(missed, m.tickEvent(at, word))
		}
	}
	if len(missed) == 0 {
		return false, nil
	}
	m.ticks.known = false
	return true, m.journal.Publish(ctx, missed...)
}

// compare warns once when the clock is behind what was stated.
func (m *Manager) compare(ctx context.Context, now time.Time) {
	const tolerance = 2 * time.Minute // between the clocks of two managers
	ahead := m.ticks.last.Time.Sub(now) > tolerance
	if ahead && !m.ahead {
		m.log.WarnContext(ctx, "clock is behind the market's last tick",
			"clock", now.UTC(), "last_tick", m.ticks.last.Time, "held_back_until", m.ticks.last.Time)
	}
	m.ahead = ahead
}

// pause returns false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
