//go:build !external

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cashtag/streams"
)

const (
	// drainPoll is how often a drain looks where the consumers stand.
	drainPoll = 250 * time.Millisecond
	// drainLastWords is how long the end waits for streams that grow meanwhile.
	drainLastWords = 3 * time.Second
	// progressPeriod is how often a drain says so in the log.
	progressPeriod = 5 * time.Second
)

// drain waits until every consumer that runs here has settled all that its stream
// holds now, upstream first, so that what a service derives is counted too.
// Consumers whose flag is off are passed over. The streams of last words are waited
// for a moment and no longer.
func (p *platform) drain(ctx context.Context) error {
	for _, stage := range drainStages() {
		if err := p.drainStage(ctx, stage); err != nil {
			return err
		}
	}
	last, cancel := context.WithTimeout(ctx, drainLastWords)
	defer cancel()
	if err := p.drainStage(last, lastWords()); err != nil && last.Err() == nil {
		return err
	}
	return nil
}

// drainStage waits until all that the streams hold now is settled.
func (p *platform) drainStage(ctx context.Context, stage []string) error {
	marks, err := p.marks(ctx, stage)
	if err != nil {
		return err
	}
	if err := p.flush(ctx, marks); err != nil {
		return err
	}
	return p.awaitSettled(ctx, marks)
}

// flush asks for all that is held back up to the marks. It does not wait for a
// service that ended.
func (p *platform) flush(ctx context.Context, marks map[string]uint64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-p.anyEnded():
			cancel()
		case <-ctx.Done():
		}
	}()
	for _, s := range p.services {
		if s.flush == nil || !s.gate.On() {
			continue
		}
		for stream, last := range marks {
			if err := s.flush(ctx, stream, last); err != nil {
				return errors.Join(p.failed(), fmt.Errorf("drain %s/%s: %w", s.name, stream, err))
			}
		}
	}
	return nil
}

// lastWords are the streams that grow to the very end: LOGS feeds itself, and COUNTS
// has what the minutes before the end came to.
func lastWords() []string { return []string{streams.Logs, streams.Counts} }

// drainStages groups the streams: those of a stage are derived from the ones
// before.
func drainStages() [][]string {
	return [][]string{
		{streams.Tweets, streams.Quotes, streams.Market},
		{streams.Sentiment},
		{streams.Features},
		{streams.Predictions, streams.Alerts},
		{streams.Outcomes, streams.Models},
	}
}

// marks is the last sequence of each stream of a stage.
func (p *platform) marks(ctx context.Context, stage []string) (map[string]uint64, error) {
	marks := make(map[string]uint64, len(stage))
	for _, name := range stage {
		stream, err := p.observer.JS.Stream(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("drain: stream %s: %w", name, err)
		}
		marks[name] = stream.CachedInfo().State.LastSeq
	}
	return marks, nil
}

// awaitSettled waits for the consumers of the marked streams.
func (p *platform) awaitSettled(ctx context.Context, marks map[string]uint64) error {
	poll := time.NewTicker(drainPoll)
	defer poll.Stop()
	said := time.Now()
	for {
		if err := p.failed(); err != nil {
			return err
		}
		all, err := p.gather(ctx)
		if err != nil {
			return err
		}
		waiting := p.unsettled(all, marks)
		if len(waiting) == 0 {
			return nil
		}
		if time.Since(said) > progressPeriod {
			said = time.Now()
			p.logger.InfoContext(ctx, "draining", "waiting_for", strings.Join(waiting, ", "))
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// unsettled lists the consumers that have not settled their stream's mark.
func (p *platform) unsettled(all figures, marks map[string]uint64) []string {
	var waiting []string
	for _, reader := range p.readers() {
		mark, marked := marks[reader.consumer.Stream]
		at := all.Consumers[reader.consumer.Key()]
		if !marked || p.paused(reader.consumer.Owner()) || at.Pending == 0 || at.floor >= mark {
			continue
		}
		waiting = append(waiting, fmt.Sprintf("%s %d", reader.consumer.Key(), at.Pending))
	}
	return waiting
}
