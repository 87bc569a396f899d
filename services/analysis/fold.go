package analysis

import (
	"fmt"

	"cashtag/internal/calendar"
)

// horizonDays is how many sessions after the cut-off an outcome is known.
const horizonDays = 1

// split is what a model is fitted on and what it is scored on, as positions of
// rows. Dev is the newest part of train, for choosing.
type split struct {
	name             string
	fit, dev         []int // fit and dev, with a gap between, are for choosing
	train, test      []int
	trainTo, testMin calendar.Date
}

// walk cuts the table into blocks in order of time. Each is scored by a model of
// the sessions before it, without those of the gap.
func walk(t *Table, c Config) ([]split, error) {
	dates := t.Dates()
	period, least := c.choose(len(dates))
	at := make(map[calendar.Date]int, len(dates))
	for i, date := range dates {
		at[date] = i
	}
	gap := max(c.Embargo, horizonDays)
	var splits []split
	for from := least + gap; from < len(dates); {
		to := from + 1
		for to < len(dates) && sameBlock(dates, from, to, period, c.TestDays) {
			to++
		}
		train := from - gap // the first session that is left out
		devFrom := train - max(int(c.DevShare*float64(train)+0.5), 1)
		s := split{name: blockName(dates[from], period), trainTo: dates[train-1], testMin: dates[from]}
		for i, row := range t.Rows {
			switch day := at[row.Date]; {
			case day >= from && day < to:
				s.test = append(s.test, i)
			case day < train:
				s.train = append(s.train, i)
				if day >= devFrom {
					s.dev = append(s.dev, i)
				} else if day < devFrom-gap {
					s.fit = append(s.fit, i)
				}
			}
		}
		splits = append(splits, s)
		from = to
	}
	if len(splits) == 0 {
		return nil, fmt.Errorf("too few days: %d sessions with data, and %d must go before the first that is tested", len(dates), least+gap)
	}
	return splits, nil
}

// choose returns period and least training sessions for a table of so many
// sessions.
func (c Config) choose(sessions int) (period string, least int) {
	period, least = c.Period, c.LeastTrainDays
	if period == "auto" {
		switch {
		case sessions >= 378: // a year and a half
			period = "quarter"
		case sessions >= 126:
			period = "month"
		default:
			period = "days"
		}
	}
	if least == 0 {
		switch period {
		case "quarter":
			least = 120
		case "month":
			least = 60
		default:
			least = 30
		}
	}
	return period, least
}

func sameBlock(dates []calendar.Date, from, to int, period string, days int) bool {
	a, b := dates[from], dates[to]
	switch period {
	case "quarter":
		return a.Year == b.Year && (a.Month-1)/3 == (b.Month-1)/3
	case "month":
		return a.Year == b.Year && a.Month == b.Month
	default:
		return to-from < days
	}
}

func blockName(first calendar.Date, period string) string {
	switch period {
	case "quarter":
		return fmt.Sprintf("%d Q%d", first.Year, (first.Month-1)/3+1)
	case "month":
		return fmt.Sprintf("%d-%02d", first.Year, first.Month)
	default:
		return "from " + first.String()
	}
}
