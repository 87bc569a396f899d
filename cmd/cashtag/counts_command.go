package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"cashtag/schemas"
	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

type countsCommand struct {
	Since  time.Duration `default:"1h" help:"How far back to look."`
	Source string        `placeholder:"NAME" help:"One source alone, such as x, bluesky, iex or cboe."`
	JSON   bool          `name:"json" help:"Print one JSON object."`
}

// Help implements kong.HelpProvider.
func (countsCommand) Help() string {
	return `
For each source and minute: what it saw, and how much of it was stored, filtered out, a duplicate or malformed; then the sums, and the tickers that most was stored of. The runs of a source are summed. A source that is there but quiet has lines of zeros.

  cashtag counts
  cashtag counts --since 24h --source x
  cashtag counts --json | jq .sources`
}

// Run sums what was counted.
func (c countsCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	if c.Since <= 0 {
		return usageError("--since is %s: must be positive, such as 1h", c.Since)
	}
	filter := "counts.>"
	if c.Source != "" {
		if err := schemas.ValidSourceToken(c.Source); err != nil {
			return usageError("--source is %q: must be a source's name such as x", shortened(printable(c.Source), 40))
		}
		filter = "counts." + c.Source
	}
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		summed, err := readCounts(ctx, client, filter, time.Now().Add(-c.Since))
		if err != nil {
			return err
		}
		if summed.strange > 0 {
			newAsides(console).say("%d messages of %s are no counts and were left out", summed.strange, streams.Counts)
		}
		if c.JSON {
			return json.NewEncoder(console.Out).Encode(summed.report())
		}
		if len(summed.minutes) == 0 {
			newAsides(console).say("nothing was counted in the last %s", c.Since)
			return nil
		}
		return summed.print(console)
	})
}

// readCounts sums what was stored since a time.
func readCounts(ctx context.Context, client *streams.Client, filter string, since time.Time) (*summedCounts, error) {
	summed := newSummedCounts()
	recent := jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{filter},
		DeliverPolicy:  jetstream.DeliverByStartTimePolicy,
		OptStartTime:   &since,
	}
	err := eachMessage(ctx, client, streams.Counts, recent, func(data []byte) error {
		summed.add(data)
		return nil
	})
	return summed, err
}

// countedMinute is one minute of one source.
type countedMinute struct {
	source string
	at     time.Time
}

// summedCounts sums over the runs of every source.
type summedCounts struct {
	seen    map[string]bool // ids: an event may be stored twice
	minutes map[countedMinute]*schemas.Outcomes
	sources map[string]*schemas.Outcomes
	tickers map[string]*schemas.TickerCounts
	strange int
}

func newSummedCounts() *summedCounts {
	return &summedCounts{
		seen:    make(map[string]bool),
		minutes: make(map[countedMinute]*schemas.Outcomes),
		sources: make(map[string]*schemas.Outcomes),
		tickers: make(map[string]*schemas.TickerCounts),
	}
}

func (s *summedCounts) add(payload []byte) {
	event, err := schemas.Decode(payload)
	counts, ok := event.Data.(*schemas.Counts)
	if err != nil || !ok || event.Validate() != nil {
		s.strange++
		return
	}
	if s.seen[event.ID] {
		return
	}
	s.seen[event.ID] = true
	for _, sum := range []*schemas.Outcomes{
		sumOf(s.minutes, countedMinute{counts.Source, counts.MinuteAt}), sumOf(s.sources, counts.Source),
	} {
		sum.Seen += counts.Minute.Seen
		sum.Accepted += counts.Minute.Accepted
		sum.Filtered += counts.Minute.Filtered
		sum.Duplicates += counts.Minute.Duplicates
		sum.Malformed += counts.Minute.Malformed
	}
	for _, of := range counts.Tickers {
		sum := sumOf(s.tickers, of.Ticker)
		sum.Ticker = of.Ticker
		sum.Accepted += of.Accepted
		sum.Filtered += of.Filtered
		sum.Duplicates += of.Duplicates
		sum.Malformed += of.Malformed
	}
}

// sumOf is the value of a key, made where there is none.
func sumOf[K comparable, V any](m map[K]*V, key K) *V {
	if m[key] == nil {
		m[key] = new(V)
	}
	return m[key]
}

// countsReport is what --json prints.
type countsReport struct {
	Minutes []minuteReport               `json:"minutes"`
	Sources map[string]*schemas.Outcomes `json:"sources"`
	Tickers []schemas.TickerCounts       `json:"tickers"` // most accepted first
}

type minuteReport struct {
	Source string    `json:"source"`
	At     time.Time `json:"minute_at"`
	schemas.Outcomes
}

func (s *summedCounts) report() countsReport {
	report := countsReport{Minutes: []minuteReport{}, Sources: s.sources, Tickers: []schemas.TickerCounts{}}
	for minute, sum := range s.minutes {
		report.Minutes = append(report.Minutes, minuteReport{minute.source, minute.at, *sum})
	}
	slices.SortFunc(report.Minutes, func(a, b minuteReport) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), a.At.Compare(b.At))
	})
	for _, sum := range s.tickers {
		report.Tickers = append(report.Tickers, *sum)
	}
	slices.SortFunc(report.Tickers, func(a, b schemas.TickerCounts) int {
		return cmp.Or(cmp.Compare(b.Accepted, a.Accepted), strings.Compare(a.Ticker, b.Ticker))
	})
	return report
}

// topTickers is how many tickers are printed.
const topTickers = 10

// print writes two aligned tables.
func (s *summedCounts) print(console Console) error {
	report := s.report()
	table := newGrid("SOURCE", "MINUTE", "SEEN", "ACCEPTED", "FILTERED", "DUPLICATES", "MALFORMED")
	add := func(source string, minute cell, sum schemas.Outcomes) {
		table.add(said(source), minute, counted(uint64(sum.Seen)), counted(uint64(sum.Accepted)), counted(uint64(sum.Filtered)),
			counted(uint64(sum.Duplicates)), alarming(uint64(sum.Malformed)))
	}
	for i, minute := range report.Minutes {
		add(minute.Source, said(minute.At.Format("2006-01-02 15:04Z")), minute.Outcomes)
		if i == len(report.Minutes)-1 || report.Minutes[i+1].Source != minute.Source {
			add(minute.Source, said("total").toned(toneHead), *report.Sources[minute.Source])
		}
	}
	if err := table.print(console); err != nil {
		return err
	}
	if len(report.Tickers) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(console.Out); err != nil {
		return err
	}
	table = newGrid("TICKER", "ACCEPTED", "FILTERED", "DUPLICATES", "MALFORMED")
	for _, sum := range report.Tickers[:min(topTickers, len(report.Tickers))] {
		table.add(said(sum.Ticker), counted(uint64(sum.Accepted)), counted(uint64(sum.Filtered)),
			counted(uint64(sum.Duplicates)), alarming(uint64(sum.Malformed)))
	}
	return table.print(console)
}
