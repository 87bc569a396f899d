//go:build !external

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cashtag/internal/demo"
	"cashtag/internal/tape"
	"cashtag/services/replay"
	"cashtag/streams"

	"github.com/dustin/go-humanize"
)

// serviceReplay plays the tape.
const serviceReplay = streams.ServiceReplay

// upCommand starts everything on one machine.
type upCommand struct {
	FarEnds   `embed:""`
	liveFlags `embed:""`

	Live  bool     `help:"Read the real Bluesky and Cboe, and X and Alpaca where their keys are set (see cashtag doctor), instead of playing a tape."`
	Gate  bool     `help:"Let the sources follow the tape's market day instead of reading always."`
	Tape  string   `placeholder:"DIR" help:"Play the recorded data in DIR (StockNet layout, or *.ndjson) instead of the demo day."`
	Speed string   `default:"60" help:"Seconds of event time a second, or max."`
	Drain bool     `help:"End when every consumer has stored everything; exit code 1 if anything was buried or is missing."`
	JSON  bool     `name:"json" help:"Print the final figures as one JSON object on standard output, and nothing else there."`
	Only  []string `placeholder:"SERVICE" help:"Run these services alone: ${up_services}."`

	Data    string `default:"./data" placeholder:"DIR" help:"Data directory (${default})."`
	Fresh   bool   `help:"Take a new data directory beside --data when that one is used."`
	Again   bool   `help:"Play the tape once more, with event ids of their own."`
	MaxDisk string `name:"max-disk" default:"2GB" placeholder:"SIZE" help:"Cap of the data directory (${default}); sources pause there."`

	NATSPort int `name:"nats-port" default:"4222" help:"Port of NATS on 127.0.0.1."`
	HTTPPort int `name:"http-port" default:"8222" help:"Port of /healthz, /metrics and /status on 127.0.0.1."`
}

// Help implements kong.HelpProvider.
func (upCommand) Help() string {
	return `Without arguments it plays the demo day: synthetic, the same each time, and
labelled demo in every event. Ctrl-C finishes the work in hand and says what is
left; the next start goes on there.

Examples:
  cashtag up
  cashtag up --tape ./stocknet --speed max --drain --json
  cashtag up --live --data ./data-live --tickers AAPL,MSFT
  cashtag up --only replay,mongo --mongo-uri mongodb://127.0.0.1:27017`
}

// minDisk is the smallest cap that holds the streams' smallest sizes.
const minDisk = 256_000_000

// settings is what the flags say, checked.
type settings struct {
	speed   float64
	maxDisk int64
	names   []string
	ends    farEnds
	kind    string

	producer producer
	live     liveEnds
}

// producer is what feeds the streams.
type producer int

const (
	producerNone   producer = iota // nothing: the services read what is there
	producerWorld                  // a tape, through the stand-ins of the vendors and the real sources
	producerDirect                 // a tape, by its player alone
	producerLive                   // the real vendors
)

// chooseProducer decides what feeds the streams. The sources go together: a world
// is one.
func (c upCommand) chooseProducer(set settings) (producer, error) {
	named := slices.ContainsFunc(c.Only, func(name string) bool { return slices.Contains(sourceNames(), name) })
	switch {
	case c.Live && (c.Tape != "" || c.Again || c.Gate || c.Drain):
		return 0, usageError("--live reads the world as it is: --tape, --again, --gate and --drain do not go with it")
	case c.Live:
		return producerLive, nil
	case c.Again, c.Tape != "" && !isStockNet(c.Tape):
		if named || c.Gate {
			return 0, usageError("a tape of events and --again are played into the streams directly: --gate and the sources of --only do not go with that")
		}
		if !set.has(serviceReplay) {
			return producerNone, nil
		}
		return producerDirect, nil
	case len(c.Only) == 0, named:
		return producerWorld, nil
	case set.has(serviceReplay):
		return producerDirect, nil
	default:
		return producerNone, nil
	}
}

// isStockNet reports whether a tape is laid out as StockNet's.
func isStockNet(dir string) bool {
	for _, sub := range []string{"tweet/raw", "price/raw"} {
		if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(sub))); err == nil && info.IsDir() {
			return true
		}
	}
	return false
}

// allNames lists every service that --only may name.
func allNames() []string { return append(runNames(), serviceReplay) }

func (c upCommand) check() (settings, error) {
	set := settings{kind: kindDemo, names: c.Only}
	if c.Tape != "" {
		set.kind = kindTape
	}
	var err error
	if set.speed, err = parseSpeed(c.Speed); err != nil {
		return set, err
	}
	size, err := humanize.ParseBytes(c.MaxDisk)
	if err != nil || size < minDisk || size > 1<<50 {
		return set, usageError("--max-disk is %q: must be a size from %s up, such as 2GB", c.MaxDisk, humanize.Bytes(minDisk))
	}
	set.maxDisk = int64(size)
	if len(set.names) == 0 {
		set.names = allNames()
		if len(c.Retrain) == 0 {
			set.names = slices.DeleteFunc(set.names, func(name string) bool { return name == streams.ServiceAnalysis })
		}
	}
	if err := checkNames(set.names, allNames()); err != nil {
		return set, err
	}
	if set.producer, err = c.chooseProducer(set); err != nil {
		return set, err
	}
	if set.producer == producerLive {
		set.kind = kindLive
		if set.live, err = c.liveFlags.resolve(processEnvironment()); err != nil {
			return set, err
		}
	}
	for name, port := range map[string]int{"--nats-port": c.NATSPort, "--http-port": c.HTTPPort} {
		if port < 1 || port > 65535 {
			return set, usageError("%s is %d: must be from 1 to 65535", name, port)
		}
	}
	set.ends, err = c.FarEnds.resolve()
	set.ends.kinesis.Create, set.ends.archive.Create = true, true
	return set, err
}

// parseSpeed reads --speed: a positive factor, or max as 0.
func parseSpeed(text string) (float64, error) {
	if text == "max" {
		return 0, nil
	}
	speed, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil || speed <= 0 || speed > 1e6 {
		return 0, usageError("--speed is %q: must be a factor such as 60, at most 1000000, or max", text)
	}
	return speed, nil
}

// Run implements the command.
func (c upCommand) Run(ctx context.Context, console Console) error {
	set, err := c.check()
	if err != nil {
		return err
	}
	if c.Fresh {
		if c.Data, err = freshDir(c.Data); err != nil {
			return err
		}
	}
	reel, title, err := c.openTape(console)
	if err != nil {
		return err
	}
	if set.producer == producerNone {
		title = "Cashtag: " + strings.Join(set.names, ", ") + " on what is in " + c.Data + "; nothing is played"
	}
	ctx, stop := interruptible(ctx, console)
	defer stop()
	if set.producer == producerLive {
		notes, err := set.live.admit(ctx, set.names)
		if err != nil || ctx.Err() != nil {
			return err
		}
		set.live.missing = append(set.live.missing, notes...)
	}
	dir, err := openDataDir(c.Data, set.kind)
	if err != nil {
		return err
	}
	defer dir.close()
	screen := newScreen(console, c.JSON)
	u := &up{command: c, settings: set, dir: dir, screen: screen, console: console, title: title}
	defer u.close(ctx)
	if err := u.open(ctx, reel); err != nil {
		return err
	}
	return u.play(ctx)
}

// openTape opens what is to be played and says in a line what it is.
func (c upCommand) openTape(console Console) (replay.Tape, string, error) {
	if c.Live {
		return nil, "Cashtag: live", nil
	}
	if c.Tape == "" {
		day, err := demo.New()
		if err != nil {
			return nil, "", fmt.Errorf("demo day: %w", err)
		}
		return day, "Cashtag: the demo day " + demo.Date.String() + ", synthetic: nobody posted this and nobody traded at these prices", nil
	}
	info, err := os.Stat(c.Tape)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && !info.IsDir()) {
		return nil, "", usageError("--tape %s: no such directory", c.Tape)
	}
	if err != nil {
		return nil, "", fmt.Errorf("--tape %s: %w", c.Tape, err)
	}
	bad := &badRows{logger: slog.New(slog.NewTextHandler(console.Err, nil))}
	reel, err := tape.Open(os.DirFS(c.Tape), tape.Options{OnBad: bad.note})
	if errors.Is(err, tape.ErrNoTape) {
		return nil, "", usageError("--tape %s: %v", c.Tape, err)
	}
	if err != nil {
		return nil, "", fmt.Errorf("--tape %s: %w", c.Tape, err)
	}
	bad.sum()
	return reel, "Cashtag: the tape " + c.Tape, nil
}

// badRows logs the first rows of a tape that cannot be played, and their number.
type badRows struct {
	logger *slog.Logger
	count  int
}

// maxBadRows is how many bad rows are logged one by one.
const maxBadRows = 20

func (b *badRows) note(row tape.BadRow) {
	if b.count++; b.count <= maxBadRows {
		b.logger.Warn("row cannot be played", "file", row.File, "line", row.Line, "reason", row.Reason) //nolint:sloglint // a callback without a context
	}
}

func (b *badRows) sum() {
	if b.count > 0 {
		b.logger.Warn("rows cannot be played, the rest plays", "rows", b.count) //nolint:sloglint // a callback without a context
	}
}

// has reports whether a service is to run.
func (s settings) has(name string) bool { return slices.Contains(s.names, name) }

// size shares out the disk: five eighths to the streams, seven of 64 parts to each
// of their mirrors in the Kinesis stand-in. The buckets, MongoDB and S3 have the
// rest. JetStream sets its parts aside, and refuses what would not fit into the cap.
func (s settings) size() streams.Size {
	size := streams.DefaultSize()
	size.TotalBytes = s.maxDisk / 8 * 5
	return size
}

// mirror bounds one stream of the Kinesis stand-in, in bytes.
func (s settings) mirror() int64 { return s.maxDisk / 8 * 7 / 8 }
