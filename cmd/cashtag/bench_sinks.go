//go:build !external

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"cashtag/streams"

	"github.com/dustin/go-humanize"
)

// benchSinksCommand drains one stream through the sinks.
type benchSinksCommand struct {
	benchOptions

	Rounds int      `default:"1" help:"How often each path is measured; what is shown is the median. From 1 to 20."`
	Only   []string `placeholder:"SERVICE" help:"Measure these alone: kinesis, mongo, archive, sentiment."`
}

// Help implements kong.HelpProvider.
func (benchSinksCommand) Help() string {
	return `
Publishes tweets to an embedded NATS (on disk, synced before each acknowledgement) and drains them through one sink at a time, then through all at once, into stubs of the far ends that take real requests over loopback, forget what they get and never fail; Kinesis answers after 2 ms. The minimum is the same path in the fewest lines of Go, without order, retries or dead letters, measured in turn with the sink.

Each run is a process of its own. Shown are events a second from the first fetch to the last event stored, CPU seconds a million events, the largest resident memory of that process alone, and how much of it is pages of the program's file: this program has all the servers in it, one built for production has not. The ratio is the sink's rate to the minimum's, so 1.00 is as fast. All at once stores each event in every far end and counts it once. Servers and sinks share this machine: ratios can be compared between machines, rates cannot.

  cashtag bench sinks
  cashtag bench sinks --rounds 3 --only kinesis,mongo
  cashtag bench sinks --events 1000000 --dir /mnt/disk --json | jq .paths`
}

// maxRounds bounds --rounds.
const maxRounds = 20

func (c benchSinksCommand) check() error {
	if c.Rounds < 1 || c.Rounds > maxRounds {
		return usageError("--rounds is %d: must be from 1 to %d", c.Rounds, maxRounds)
	}
	if len(c.Only) == 0 {
		return nil
	}
	return checkNames(c.Only, sinkNames())
}

// Run implements the command.
func (c benchSinksCommand) Run(ctx context.Context, console Console) error {
	if err := c.check(); err != nil {
		return err
	}
	var report sinksReport
	err := runBenchmark(ctx, console, c.benchOptions, func(ctx context.Context, b *benchmark) (err error) {
		report, err = c.measure(ctx, b)
		return err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		if err := json.NewEncoder(console.Out).Encode(report); err != nil {
			return fmt.Errorf("write figures: %w", err)
		}
		return nil
	}
	return report.print(console)
}

// sinkNames lists the services that are measured: those that there is a minimum of.
func sinkNames() []string {
	return []string{streams.ServiceKinesis, streams.ServiceMongo, streams.ServiceArchive, streams.ServiceSentiment}
}

// benchPath is one path or several at once.
type benchPath struct {
	name     string
	services []string
	runs     map[string][]benchResult // by who
}

func (c benchSinksCommand) paths() []*benchPath {
	names := sinkNames()
	if len(c.Only) > 0 {
		names = c.Only
	}
	var paths []*benchPath
	for _, name := range names {
		paths = append(paths, &benchPath{name: name, services: []string{name}})
	}
	if len(names) > 1 {
		paths = append(paths, &benchPath{name: "all at once", services: names})
	}
	for _, path := range paths {
		path.runs = make(map[string][]benchResult)
	}
	return paths
}

func (c benchSinksCommand) measure(ctx context.Context, b *benchmark) (sinksReport, error) {
	b.doing.say("publishing %d tweets", c.Events)
	if err := b.world.preload(ctx, c.Events); err != nil {
		return sinksReport{}, err
	}
	paths := c.paths()
	for round := range c.Rounds {
		for _, path := range paths {
			// In turn, so that neither always comes first.
			turns := []string{benchCashtag, benchMinimum}
			if round%2 == 1 {
				turns[0], turns[1] = turns[1], turns[0]
			}
			for _, who := range turns {
				b.doing.say("round %d of %d: %s, %s", round+1, c.Rounds, path.name, who)
				result, err := b.runPath(ctx, path, who, round)
				if err != nil {
					return sinksReport{}, err
				}
				path.runs[who] = append(path.runs[who], result)
			}
		}
	}
	return newSinksReport(c, paths), nil
}

// runPath measures one run and checks that the far ends got everything.
func (b *benchmark) runPath(ctx context.Context, path *benchPath, who string, round int) (benchResult, error) {
	if err := b.world.forget(ctx); err != nil {
		return benchResult{}, err
	}
	before, err := b.world.delivered(ctx)
	if err != nil {
		return benchResult{}, err
	}
	label := fmt.Sprintf("%s-%s-%d", strings.ReplaceAll(path.name, " ", "-"), who, round+1)
	result, err := b.run(ctx, benchTask{Who: who, Paths: path.services, Events: b.options.Events}, label)
	if err != nil {
		return result, err
	}
	after, err := b.world.delivered(ctx)
	if err != nil {
		return result, err
	}
	for _, service := range path.services {
		got, want := after[service]-before[service], int64(b.options.Events)
		switch {
		case service == streams.ServiceArchive && got > 0, service == streams.ServiceSentiment && got >= want:
			// Objects, and scores of which a post may have several.
		case got != want:
			return result, fmt.Errorf("run %s: %s got %d of %d events", label, service, got, want)
		}
	}
	return result, nil
}

// delivered is what each far end has got so far.
func (w *benchWorld) delivered(ctx context.Context) (map[string]int64, error) {
	scores, err := w.messages(ctx, streams.Sentiment)
	return map[string]int64{
		streams.ServiceKinesis:   w.kinesis.Events(),
		streams.ServiceMongo:     w.mongo.Events(),
		streams.ServiceArchive:   w.s3.Events(),
		streams.ServiceSentiment: scores,
	}, err
}

// sinksReport is what the command prints.
type sinksReport struct {
	Events int          `json:"events"`
	Rounds int          `json:"rounds"`
	Paths  []pathReport `json:"paths"`
}

type pathReport struct {
	Path    string      `json:"path"`
	Cashtag pathFigures `json:"cashtag"`
	Minimum pathFigures `json:"minimum"`
	Ratio   float64     `json:"ratio"` // of the rates, cashtag's to the minimum's
}

type pathFigures struct {
	EventsPerS     float64 `json:"events_per_s"`
	CPUSPerMillion float64 `json:"cpu_s_per_million"`
	PeakRSSBytes   uint64  `json:"peak_rss_bytes"`
	ProgramBytes   uint64  `json:"program_bytes,omitempty"` // of it, the program's own file
}

func newSinksReport(c benchSinksCommand, paths []*benchPath) sinksReport {
	report := sinksReport{Events: c.Events, Rounds: c.Rounds}
	for _, path := range paths {
		ours, minimum := path.runs[benchCashtag], path.runs[benchMinimum]
		ratios := make([]float64, len(ours))
		for i := range ours {
			ratios[i] = ours[i].rate() / minimum[i].rate()
		}
		report.Paths = append(report.Paths, pathReport{
			Path: path.name, Cashtag: medians(ours), Minimum: medians(minimum), Ratio: median(ratios),
		})
	}
	return report
}

func medians(runs []benchResult) pathFigures {
	var rates, costs, peaks, programs []float64
	for _, run := range runs {
		rates = append(rates, run.rate())
		costs = append(costs, perMillion(run.CPUS, run.Events))
		peaks = append(peaks, float64(run.PeakRSS))
		programs = append(programs, float64(run.Program))
	}
	return pathFigures{
		EventsPerS: median(rates), CPUSPerMillion: median(costs),
		PeakRSSBytes: uint64(median(peaks)), ProgramBytes: uint64(median(programs)),
	}
}

func (r sinksReport) print(console Console) error {
	table := newGrid("PATH", "EVENTS/S", "CPU S/M", "MEMORY", "PROGRAM", "MINIMUM/S", "CPU S/M", "MEMORY", "PROGRAM", "RATIO")
	for _, path := range r.Paths {
		cells := append([]cell{said(path.Path)}, path.Cashtag.cells()...)
		cells = append(cells, path.Minimum.cells()...)
		table.add(append(cells, decimal("%.2f", path.Ratio))...)
	}
	return table.print(console)
}

func (f pathFigures) cells() []cell {
	program := cell{text: "-", right: true}
	if f.ProgramBytes > 0 {
		program = sized(f.ProgramBytes)
	}
	return []cell{
		{text: humanize.Comma(int64(f.EventsPerS)), right: true},
		decimal("%.1f", f.CPUSPerMillion),
		sized(f.PeakRSSBytes),
		program,
	}
}
