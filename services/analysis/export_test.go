package analysis

import "cashtag/internal/calendar"

// Split is a split by dates.
type Split struct {
	Name                         string
	Fit, Dev, Train, Test        []calendar.Date
	FitRows, TrainRows, TestRows int
}

// Walk is walk.
func Walk(t *Table, c Config) ([]Split, error) {
	splits, err := walk(t, c)
	out := make([]Split, 0, len(splits))
	for _, s := range splits {
		dates := func(rows []int) []calendar.Date {
			part := &Table{}
			for _, i := range rows {
				part.Rows = append(part.Rows, t.Rows[i])
			}
			return part.Dates()
		}
		out = append(out, Split{
			Name: s.name, Fit: dates(s.fit), Dev: dates(s.dev), Train: dates(s.train), Test: dates(s.test),
			FitRows: len(s.fit), TrainRows: len(s.train), TestRows: len(s.test),
		})
	}
	return out, err
}
