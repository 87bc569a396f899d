package analysis

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"cashtag/internal/calendar"
)

// The columns of a CSV that are no features. Of these ticker and date must be
// there; without label_return the table needs a tape to take its outcomes from.
const (
	csvTicker      = "ticker"
	csvDate        = "date"         // of the session that is predicted, 2006-01-02
	csvCutoff      = "cutoff"       // RFC 3339; the cut-off of Config where it is not there
	csvLatestInput = "latest_input" // RFC 3339; newest event in the features
	csvEnd         = "end_at"       // RFC 3339; the end of their window, which stands for latest_input where that is not there
	csvText        = "text"
	csvSchema      = "schema" // the same in every row
	csvWindow      = "window" // the same in every row

	csvReturn     = "label_return"
	csvLarge      = "label_large_move"
	csvVolume     = "label_abnormal_volume"
	csvRelative   = "label_relative_return"
	csvCloseClose = "audit_close_return"
	csvGap        = "audit_gap"
	csvSameDay    = "audit_same_day_posts"
)

// csvOther are columns that say where a row came from.
var csvOther = []string{
	csvTicker, csvDate, csvCutoff, csvLatestInput, csvText, csvSchema, csvWindow,
	csvEnd, "revision", "start_at", "scorer", "scorer_version", "id", "feature_id",
}

// MaxCSVRows bounds a data set.
const MaxCSVRows = 5_000_000

// ReadCSV reads a table with a header: ticker, date, labels by the names label_*,
// what only the alarms may see by audit_*, text, and features under any other
// name. Columns that are no numbers in their first row, such as a hash, are left
// out. An empty cell is not known. An error names line and column.
func ReadCSV(r io.Reader, source, cutoff string) (*Table, error) {
	reader := csv.NewReader(r)
	reader.ReuseRecord = true
	header, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("read %s: no header: %w", source, err)
	}
	c := &csvReader{source: source, cutoff: cutoff, header: slices.Clone(header), at: make(map[string]int)}
	c.header[0] = strings.TrimPrefix(c.header[0], "\ufeff")
	for i, name := range c.header {
		if _, twice := c.at[name]; twice {
			return nil, fmt.Errorf("read %s: column %s is there twice", source, name)
		}
		c.at[name] = i
	}
	for _, name := range []string{csvTicker, csvDate} {
		if _, ok := c.at[name]; !ok {
			return nil, fmt.Errorf("read %s: there is no column %s: the header has %s", source, name, strings.Join(c.header, ", "))
		}
	}
	table := &Table{Source: source, Cutoff: cutoff, Attention: AttentionColumns{LogCount: columnLogCount, Z: columnZ}}
	seen := make(map[string]bool)
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", source, err)
		}
		line, _ := reader.FieldPos(0)
		if len(table.Rows) == MaxCSVRows {
			return nil, fmt.Errorf("read %s: more than %d rows", source, MaxCSVRows)
		}
		if len(table.Rows) == 0 {
			c.choose(record)
			table.Schema, table.Window = c.cell(record, csvSchema), c.cell(record, csvWindow)
		}
		if got := c.cell(record, csvSchema); got != table.Schema {
			return nil, fmt.Errorf("read %s: line %d: column %s is %s, that of the first row %s: build the data set again with one version", source, line, csvSchema, got, table.Schema)
		}
		row, err := c.row(record)
		if err != nil {
			return nil, fmt.Errorf("read %s: line %d: %w", source, line, err)
		}
		key := row.Ticker + " on " + row.Date.String()
		if seen[key] {
			return nil, fmt.Errorf("read %s: line %d: %s is there twice", source, line, key)
		}
		seen[key] = true
		table.Rows = append(table.Rows, row)
	}
	for _, at := range c.features {
		table.Columns = append(table.Columns, c.header[at])
	}
	if err := table.sort(); err != nil {
		return nil, fmt.Errorf("read %s: no rows", source)
	}
	c.addRelative(table)
	return table, nil
}

// csvReader reads rows by the names of their columns.
type csvReader struct {
	source, cutoff string
	header         []string
	at             map[string]int
	features       []int // positions
}

// choose takes as features what is no other column and has a number, or nothing,
// in the first row.
func (c *csvReader) choose(record []string) {
	for i, name := range c.header {
		switch {
		case slices.Contains(csvOther, name):
		case strings.HasPrefix(name, "label_"), strings.HasPrefix(name, "audit_"):
		default:
			if _, err := number(record[i]); err == nil {
				c.features = append(c.features, i)
			}
		}
	}
}

// cell is what a row has in a named column, nothing where there is none.
func (c *csvReader) cell(record []string, name string) string {
	if at, ok := c.at[name]; ok {
		return record[at]
	}
	return ""
}

func (c *csvReader) row(record []string) (Row, error) {
	row := Row{Ticker: record[c.at[csvTicker]]}
	var err error
	if row.Date, err = calendar.ParseDate(record[c.at[csvDate]]); err != nil {
		return row, fmt.Errorf("column %s: %w", csvDate, err)
	}
	session, ok := calendar.XNYS().Session(row.Date)
	if !ok {
		return row, fmt.Errorf("column %s: no session of XNYS on %s", csvDate, row.Date)
	}
	row.Cutoff = session.Open
	if c.cutoff == CutoffClose {
		row.Cutoff = closeBefore(row.Date)
	}
	for _, moment := range []struct {
		name string
		to   *time.Time
	}{{csvCutoff, &row.Cutoff}, {csvEnd, &row.LatestInput}, {csvLatestInput, &row.LatestInput}} {
		cell := c.cell(record, moment.name)
		if cell == "" {
			continue
		}
		if *moment.to, err = time.Parse(time.RFC3339, cell); err != nil {
			return row, fmt.Errorf("column %s is %q: must be a time as 2006-01-02T15:04:05Z", moment.name, cell)
		}
	}
	if row.Cutoff.After(session.Open) && c.cutoff == CutoffOpen || c.cutoff == CutoffClose && row.Cutoff.After(closeBefore(row.Date)) {
		return row, fmt.Errorf("column %s is %s: the horizon of %s with cutoff %s has begun by then", csvCutoff, row.Cutoff.Format(time.RFC3339), row.Date, c.cutoff)
	}
	if at, ok := c.at[csvText]; ok {
		row.Words = words(record[at])
	}
	for _, at := range c.features {
		v, err := number(record[at])
		if err != nil {
			return row, fmt.Errorf("column %s is %q: must be a number or empty", c.header[at], record[at])
		}
		row.Values = append(row.Values, v)
	}
	o := &row.Outcome
	for name, to := range map[string]*float64{
		csvReturn: &o.Return, csvLarge: &o.Large, csvVolume: &o.Volume, csvRelative: &o.Relative,
		csvCloseClose: &o.CloseToClose, csvGap: &o.Gap, csvSameDay: &o.SameDay,
	} {
		*to = notKnown
		if at, ok := c.at[name]; ok {
			if *to, err = number(record[at]); err != nil {
				return row, fmt.Errorf("column %s is %q: must be a number or empty", name, record[at])
			}
		}
	}
	o.LargeClose = notKnown
	if c.cutoff == CutoffClose {
		o.LargeClose = o.Large
	}
	return row, nil
}

// addRelative computes movements against the session's median where the file has
// none.
func (c *csvReader) addRelative(t *Table) {
	if _, ok := c.at[csvRelative]; ok {
		return
	}
	for from := 0; from < len(t.Rows); {
		to := from
		for to < len(t.Rows) && t.Rows[to].Date == t.Rows[from].Date {
			to++
		}
		relative(t.Rows[from:to])
		from = to
	}
}

// closeBefore is the close of the session before a date.
func closeBefore(date calendar.Date) time.Time {
	for day := date.AddDays(-1); ; day = day.AddDays(-1) {
		if session, ok := calendar.XNYS().Session(day); ok || day.Year < 1990 {
			return session.Close
		}
	}
}

func number(cell string) (float64, error) {
	if cell == "" {
		return notKnown, nil
	}
	v, err := strconv.ParseFloat(cell, 64)
	if err == nil && math.IsInf(v, 0) {
		return notKnown, nil
	}
	return v, err
}

// Labelled reports whether any movement is known.
func (t *Table) Labelled() bool {
	return slices.ContainsFunc(t.Rows, func(row Row) bool { return !math.IsNaN(row.Outcome.Return) })
}

// TakeFrom adds to the rows of a data set what a tape knows of the same tickers
// and sessions: the words of posts, and outcomes, for those that it has none of
// and for the alarms. Rows that the tape does not know are left out, and an error
// says so where that is all of them.
func (t *Table) TakeFrom(tape *Table) error {
	if t.Cutoff != tape.Cutoff {
		return fmt.Errorf("the cut-off of %s is %s and that of %s is %s", t.Source, t.Cutoff, tape.Source, tape.Cutoff)
	}
	known := make(map[string]Row, len(tape.Rows))
	for _, row := range tape.Rows {
		known[row.Ticker+row.Date.String()] = row
	}
	labelled := t.Labelled()
	kept := t.Rows[:0]
	for _, row := range t.Rows {
		from, ok := known[row.Ticker+row.Date.String()]
		if !ok {
			continue
		}
		if len(row.Words) == 0 {
			row.Words = from.Words
		}
		own := row.Outcome
		row.Outcome = from.Outcome
		if labelled {
			row.Outcome.Return, row.Outcome.Large, row.Outcome.Volume, row.Outcome.Relative = own.Return, own.Large, own.Volume, own.Relative
		}
		kept = append(kept, row)
	}
	t.Rows = kept
	if len(kept) == 0 {
		return fmt.Errorf("%s and %s have no ticker and session in common", t.Source, tape.Source)
	}
	return nil
}
