package analysis

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"cashtag/internal/calendar"
)

// Row is one ticker on one session: what was known at the cut-off, and what came
// after.
type Row struct {
	Ticker string
	Date   calendar.Date // of the session whose movement is predicted
	// Cutoff is the last instant whose events may be in Values and Words, and
	// LatestInput the newest event that is.
	Cutoff, LatestInput time.Time
	Values              []float64 // Table.Columns in their order; NaN where not known
	Words               []string

	Outcome Outcome
}

// Outcome is what happened after a row's cut-off: labels, and what only the
// alarms may look at. NaN stands for what is not known.
type Outcome struct {
	Return   float64 // of the horizon
	Large    float64 // 1 where |Return| is above two trailing deviations, else 0
	Volume   float64 // log of the session's volume over the mean of the 20 before
	Relative float64 // Return less the median of the session's tickers

	CloseToClose float64 // of adjusted closes, whatever the horizon is
	LargeClose   float64 // 1 where |CloseToClose| is above two trailing deviations
	Gap          float64 // open over the close before, less 1
	SameDay      float64 // posts between the cut-off and the session's close
}

// Table is the rows of a data set, by date and ticker.
type Table struct {
	Columns []string
	Rows    []Row
	Source  string // where it came from, for the report
	Cutoff  string // 16:00 of the session before, or 09:30 of the session
	Schema  string // hash of what the columns mean, which a served vector must carry too
	Window  string // which vectors the columns are of, such as day or preopen
	// Attention names the columns of the count of posts and of its z, for the
	// table of lift; empty where there are none.
	Attention AttentionColumns

	// rebuild makes the rows of a session again from what was known at its
	// cut-off and nothing else; nil where there is no tape.
	rebuild func(date calendar.Date) []Row
}

// AttentionColumns are the names of columns.
type AttentionColumns struct {
	LogCount string // log(1 + posts)
	Z        string
}

var errNoRows = errors.New("no rows: the data holds no ticker with prices on two sessions in a row")

// sort puts the rows in their order and returns an error where there are none.
func (t *Table) sort() error {
	if len(t.Rows) == 0 {
		return errNoRows
	}
	slices.SortStableFunc(t.Rows, func(a, b Row) int {
		return cmp.Or(a.Date.Compare(b.Date), strings.Compare(a.Ticker, b.Ticker))
	})
	return nil
}

// Dates returns the sessions of the table, in order.
func (t *Table) Dates() []calendar.Date {
	var dates []calendar.Date
	for _, row := range t.Rows {
		if len(dates) == 0 || dates[len(dates)-1] != row.Date {
			dates = append(dates, row.Date)
		}
	}
	return dates
}

// Tickers returns the tickers of the table, in order.
func (t *Table) Tickers() []string {
	seen := make(map[string]bool)
	for _, row := range t.Rows {
		seen[row.Ticker] = true
	}
	tickers := make([]string, 0, len(seen))
	for ticker := range seen {
		tickers = append(tickers, ticker)
	}
	slices.Sort(tickers)
	return tickers
}

// selectColumns returns the positions of the columns that patterns name, such as
// price_* or posts_log. A pattern that names none is an error, but for those of the
// baseline of prices.
func (t *Table) selectColumns(patterns []string) ([]int, error) {
	chosen := make(map[int]bool)
	for _, pattern := range patterns {
		found := false
		for i, column := range t.Columns {
			ok, err := path.Match(pattern, column)
			if err != nil {
				return nil, fmt.Errorf("column %q: %w", pattern, err)
			}
			if ok {
				chosen[i], found = true, true
			}
		}
		if !found && !slices.Contains(priceColumns(), pattern) {
			return nil, fmt.Errorf("there is no column %q: the data has %s", pattern, strings.Join(t.Columns, ", "))
		}
	}
	positions := make([]int, 0, len(chosen))
	for i := range chosen {
		positions = append(positions, i)
	}
	slices.Sort(positions)
	return positions, nil
}

// column returns the values of a named column, nil where there is none.
func (t *Table) column(name string) []float64 {
	at := slices.Index(t.Columns, name)
	if at < 0 || name == "" {
		return nil
	}
	values := make([]float64, len(t.Rows))
	for i, row := range t.Rows {
		values[i] = row.Values[at]
	}
	return values
}

// with returns a copy of the table with one more column.
func (t *Table) with(name string, value func(Row) float64) *Table {
	wider := *t
	wider.Columns = append(slices.Clone(t.Columns), name)
	wider.Rows = slices.Clone(t.Rows)
	wider.rebuild = nil
	for i, row := range wider.Rows {
		wider.Rows[i].Values = append(slices.Clone(row.Values), value(row))
	}
	return &wider
}

// Hash is a SHA-256 over everything that a model sees and is scored on.
func (t *Table) Hash() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q\n", t.Cutoff, t.Columns)
	for _, row := range t.Rows {
		fmt.Fprintf(sum, "%s %s %d %x %q %x\n", row.Ticker, row.Date, row.Cutoff.UnixNano(), bits(row.Values...), row.Words,
			bits(row.Outcome.Return, row.Outcome.Large, row.Outcome.Volume, row.Outcome.Relative))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func bits(values ...float64) []uint64 {
	out := make([]uint64, len(values))
	for i, v := range values {
		out[i] = math.Float64bits(v)
	}
	return out
}
