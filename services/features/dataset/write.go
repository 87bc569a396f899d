package dataset

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"cashtag/internal/window"

	"github.com/parquet-go/parquet-go"
)

// column is one column of a written table: text, a whole number or a number that may
// be missing.
type column struct {
	name   string
	text   func(Row) string
	number func(Row) float64 // NaN for nothing
	whole  func(Row) int64
}

// columns are those of a table, in order.
func (t *Table) columns() []column {
	all := []column{
		{name: "ticker", text: func(r Row) string { return r.Feature.Ticker }},
		{name: "date", text: func(r Row) string { return r.Date }},
		{name: "cutoff", text: func(r Row) string { return r.CutoffAt().Format(time.RFC3339) }},
		{name: "window", text: func(r Row) string { return r.Feature.Window }},
		{name: "start_at", text: func(r Row) string { return r.Feature.StartAt.Format(time.RFC3339) }},
		{name: "end_at", text: func(r Row) string { return r.Feature.EndAt.Format(time.RFC3339) }},
		{name: "schema", text: func(r Row) string { return r.Feature.Schema }},
		{name: "scorer", text: func(r Row) string { return r.Feature.Scorer }},
		{name: "scorer_version", text: func(r Row) string { return r.Feature.ScorerVersion }},
		{name: "revision", whole: func(r Row) int64 { return r.Feature.Revision }},
	}
	for i, name := range t.Names {
		all = append(all, column{name: name, number: func(r Row) float64 { return r.Feature.Values[i] }})
	}
	return append(all,
		column{name: "label_return", number: func(r Row) float64 { return r.Labels.Return }},
		column{name: "label_large_move", number: func(r Row) float64 { return r.Labels.Large }},
		column{name: "label_abnormal_volume", number: func(r Row) float64 { return r.Labels.Volume }},
		column{name: "label_relative_return", number: func(r Row) float64 { return r.Labels.Relative }},
		column{name: "label_stocknet", number: func(r Row) float64 { return r.Labels.StockNet }},
		column{name: "audit_close_return", number: func(r Row) float64 { return r.Labels.CloseToClose }},
		column{name: "audit_gap", number: func(r Row) float64 { return r.Labels.Gap }},
		column{name: "audit_same_day_posts", number: func(r Row) float64 { return r.Labels.SameDay }},
	)
}

// WriteCSV writes the table with a header. A cell of what is not known is empty.
func (t *Table) WriteCSV(w io.Writer) error {
	columns := t.columns()
	out := csv.NewWriter(w)
	record := make([]string, len(columns))
	for i, c := range columns {
		record[i] = c.name
	}
	if err := out.Write(record); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	for _, row := range t.Rows {
		for i, c := range columns {
			record[i] = c.cell(row)
		}
		if err := out.Write(record); err != nil {
			return fmt.Errorf("write csv: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

func (c column) cell(row Row) string {
	switch {
	case c.text != nil:
		return c.text(row)
	case c.whole != nil:
		return strconv.FormatInt(c.whole(row), 10)
	}
	v := c.number(row)
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(window.Round(v), 'g', -1, 64)
}

// WriteParquet writes the table with optional columns for what may not be known,
// compressed with zstd. The same table always gives the same bytes.
func (t *Table) WriteParquet(w io.Writer) error {
	columns := t.columns()
	group := make(parquet.Group, len(columns))
	for _, c := range columns {
		switch {
		case c.text != nil:
			group[c.name] = parquet.Required(parquet.String())
		case c.whole != nil:
			group[c.name] = parquet.Required(parquet.Int(64))
		default:
			group[c.name] = parquet.Optional(parquet.Leaf(parquet.DoubleType))
		}
	}
	schema := parquet.NewSchema("cashtag_dataset", group)
	places := make([]int, len(columns))
	for i, c := range columns {
		leaf, ok := schema.Lookup(c.name)
		if !ok {
			return fmt.Errorf("write parquet: no column %s", c.name)
		}
		places[i] = leaf.ColumnIndex
	}
	out := parquet.NewGenericWriter[any](w, schema, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("cashtag", "1", ""))
	for _, row := range t.Rows {
		values := make(parquet.Row, len(columns))
		for i, c := range columns {
			values[places[i]] = c.value(row, places[i])
		}
		if _, err := out.WriteRows([]parquet.Row{values}); err != nil {
			return fmt.Errorf("write parquet: %w", err)
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	return nil
}

func (c column) value(row Row, at int) parquet.Value {
	switch {
	case c.text != nil:
		return parquet.ByteArrayValue([]byte(c.text(row))).Level(0, 0, at)
	case c.whole != nil:
		return parquet.Int64Value(c.whole(row)).Level(0, 0, at)
	}
	v := c.number(row)
	if math.IsNaN(v) {
		return parquet.NullValue().Level(0, 0, at)
	}
	return parquet.DoubleValue(window.Round(v)).Level(0, 1, at)
}
