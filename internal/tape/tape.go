package tape

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strconv"
	"strings"
	"sync/atomic"

	"cashtag/schemas"
)

// ErrNoTape is returned when the files are laid out in no way that this package
// knows.
var ErrNoTape = errors.New("no tape: want tweet/raw/TICKER/DATE and price/raw/TICKER.csv, or *.ndjson")

// Options say how a tape is read. The zero value is the usual way.
type Options struct {
	// OnBad is told of every row that cannot be played: of a StockNet tape while
	// it is opened, of a tape of events while it is played. Nil only counts them.
	OnBad func(BadRow)
	// AllPrices plays every row of daily prices, not only those of the dates
	// from the first tweet to the last. It does nothing to a tape of events.
	AllPrices bool
}

// BadRow is a row of a tape that cannot be played.
type BadRow struct {
	File   string // path within the tape
	Line   int    // counted from 1; 0 where the file as a whole is meant
	Reason string
}

// String returns file, line and reason as compilers write them.
func (b BadRow) String() string {
	if b.Line == 0 {
		return b.File + ": " + b.Reason
	}
	return b.File + ":" + strconv.Itoa(b.Line) + ": " + b.Reason
}

// Tape is an opened tape. Its methods may be called while it is being played.
type Tape struct {
	fingerprint string
	events      iter.Seq2[schemas.Event, error]
	log         *badLog
}

// Open opens a tape of either layout: StockNet where tweet/raw or price/raw is
// there, else all *.ndjson files of the top folder. It returns ErrNoTape where
// there is neither.
func Open(fsys fs.FS, options Options) (*Tape, error) {
	for _, dir := range []string{tweetDir, priceDir} {
		info, err := fs.Stat(fsys, dir)
		if err == nil && info.IsDir() {
			return OpenStockNet(fsys, options)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open tape: %w", err)
		}
	}
	names, err := fs.Glob(fsys, "*.ndjson")
	if err != nil {
		return nil, fmt.Errorf("open tape: %w", err)
	}
	if len(names) == 0 {
		return nil, ErrNoTape
	}
	return OpenEvents(fsys, names, options)
}

// Events yields the events of the tape. It can be called again and then yields
// the same. An error is one of reading a file; it is the last thing yielded.
//
// Events share their data with the tape: they must not be changed.
func (t *Tape) Events() iter.Seq2[schemas.Event, error] { return t.events }

// Fingerprint tells this tape from others: a short hash over the names and
// sizes of its files and over the way they are read. Two tapes with the same
// fingerprint yield the same events unless a file was edited without changing
// its size.
func (t *Tape) Fingerprint() string { return t.fingerprint }

// Bad returns how many bad rows were met so far.
func (t *Tape) Bad() int64 { return t.log.count.Load() }

// badLog counts and reports bad rows.
type badLog struct {
	count  atomic.Int64
	report func(BadRow)
}

// maxReasonBytes bounds a reason, since an error may quote the row at length.
const maxReasonBytes = 200

func (l *badLog) add(file string, line int, reason string) {
	l.count.Add(1)
	if l.report == nil {
		return
	}
	if len(reason) > maxReasonBytes {
		reason = reason[:maxReasonBytes] + "..."
	}
	l.report(BadRow{File: file, Line: line, Reason: strings.ToValidUTF8(reason, "")})
}
