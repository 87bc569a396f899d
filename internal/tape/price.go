package tape

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cashtag/internal/calendar"
	"cashtag/schemas"
)

// priceColumns are the columns of a price file, as Yahoo names them.
var priceColumns = []string{"Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"}

// priceHeader says at which position of a row each of priceColumns stands.
type priceHeader []int

// readHeader finds the columns in the first line of a price file.
func readHeader(text string) (priceHeader, error) {
	names := strings.Split(strings.TrimPrefix(text, "\ufeff"), ",")
	for i := range names {
		names[i] = strings.ToLower(strings.TrimSpace(names[i]))
	}
	header := make(priceHeader, len(priceColumns))
	for i, column := range priceColumns {
		header[i] = slices.Index(names, strings.ToLower(column))
		if header[i] < 0 {
			return nil, fmt.Errorf("header has no column %s: the file is not played", column)
		}
	}
	return header, nil
}

// priceRow is one row of daily prices.
type priceRow struct {
	date                             calendar.Date
	open, high, low, close, adjusted float64
	volume                           int64
}

// readRow decodes one row. An error names the column.
func (h priceHeader) readRow(text string) (priceRow, error) {
	fields := strings.Split(text, ",")
	if last := slices.Max(h); last >= len(fields) {
		return priceRow{}, fmt.Errorf("row has %d columns, want at least %d", len(fields), last+1)
	}
	cell := func(column int) string { return strings.TrimSpace(fields[h[column]]) }

	date, err := calendar.ParseDate(cell(0))
	if err != nil {
		return priceRow{}, err
	}
	row := priceRow{date: date}
	for i, to := range []*float64{&row.open, &row.high, &row.low, &row.close, &row.adjusted} {
		if *to, err = readPrice(priceColumns[i+1], cell(i+1)); err != nil {
			return priceRow{}, err
		}
	}
	if row.volume, err = strconv.ParseInt(cell(6), 10, 64); err != nil {
		return priceRow{}, fmt.Errorf("column Volume: %w", err)
	}
	return row, nil
}

var errNotFinite = errors.New("is not a finite number")

func readPrice(column, text string) (float64, error) {
	price, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("column %s: %w", column, err)
	}
	if math.IsNaN(price) || math.IsInf(price, 0) {
		return 0, fmt.Errorf("column %s: %q %w", column, text, errNotFinite)
	}
	return price, nil
}

// bar is what the row says of ticker, once the session is over.
func (r priceRow) bar(ticker string, session calendar.Session) *schemas.Quote {
	return &schemas.Quote{
		Feed:     schemas.FeedStockNet,
		Kind:     schemas.KindBar,
		Ticker:   ticker,
		Delay:    schemas.DelayEndOfDay,
		QuotedAt: session.Close,
		Price:    r.close,
		Bar: &schemas.Bar{
			IntervalS: int64(session.Close.Sub(session.Open).Seconds()),
			Open:      r.open,
			High:      r.high,
			Low:       r.low,
			Close:     r.close,
			AdjClose:  r.adjusted,
			Volume:    r.volume,
		},
	}
}

func quoteEvent(q *schemas.Quote) schemas.Event {
	return schemas.New(schemas.QuoteID(q), schemas.SourceStockNet, q.Ticker, q.QuotedAt, q)
}
