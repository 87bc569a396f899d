package calendar

import "time"

// always is the last year of a rule that is still in force.
const always = lastYear

// rule says on which day of a year the market is closed, or closes early.
type rule struct {
	name     string
	from, to int // the first and last year in which the rule was in force
	// day returns the day of the year, and false where the year has none.
	day func(year int) (Date, bool)
	// close is the time of an early close, counted from midnight in New York;
	// zero means closed all day.
	close time.Duration
}

const (
	regularOpen  = 9*time.Hour + 30*time.Minute
	regularClose = 16 * time.Hour
	oneOClock    = 13 * time.Hour
	twoOClock    = 14 * time.Hour
)

// rules are NYSE Rule 7.2 (formerly Rule 51) and the early closes that the
// exchange publishes with it. Nasdaq keeps the same days.
var rules = []rule{
	// A New Year's Day on a Saturday is not observed: the Friday before it
	// ends the accounting year, which the rule excepts.
	{name: "New Year's Day", from: firstYear, to: always, day: sundayToMonday(time.January, 1)},
	{name: "Martin Luther King, Jr. Day", from: 1998, to: always, day: nth(3, time.Monday, time.January)},
	{name: "Washington's Birthday", from: firstYear, to: always, day: nth(3, time.Monday, time.February)},
	{name: "Good Friday", from: firstYear, to: always, day: goodFriday},
	{name: "Memorial Day", from: firstYear, to: always, day: last(time.Monday, time.May)},
	{name: "Juneteenth National Independence Day", from: 2022, to: always, day: nearestWeekday(time.June, 19)},
	{name: "Independence Day", from: firstYear, to: always, day: nearestWeekday(time.July, 4)},
	{name: "Labor Day", from: firstYear, to: always, day: nth(1, time.Monday, time.September)},
	{name: "Thanksgiving Day", from: firstYear, to: always, day: nth(4, time.Thursday, time.November)},
	{name: "Christmas Day", from: firstYear, to: always, day: nearestWeekday(time.December, 25)},

	{name: "Independence Day early close", from: 1995, to: 2012, day: julyEarlyCloseTo2012, close: oneOClock},
	{name: "Independence Day early close", from: 2013, to: always, day: julyEarlyClose, close: oneOClock},
	{name: "day after Thanksgiving", from: 1992, to: 1992, day: dayAfterThanksgiving, close: twoOClock},
	{name: "day after Thanksgiving", from: 1993, to: always, day: dayAfterThanksgiving, close: oneOClock},
	{name: "Christmas Eve", from: firstYear, to: 1992, day: christmasEve, close: twoOClock},
	{name: "Christmas Eve", from: 1993, to: always, day: christmasEve, close: oneOClock},
}

// sundayToMonday moves a holiday on a Sunday to the Monday after it; one on a
// Saturday is dropped.
func sundayToMonday(month time.Month, day int) func(int) (Date, bool) {
	return func(year int) (Date, bool) {
		d := Date{Year: year, Month: month, Day: day}
		switch d.Weekday() {
		case time.Saturday:
			return Date{}, false
		case time.Sunday:
			return d.AddDays(1), true
		default:
			return d, true
		}
	}
}

// nearestWeekday moves a holiday on a Sunday to the Monday after it and one on
// a Saturday to the Friday before it.
func nearestWeekday(month time.Month, day int) func(int) (Date, bool) {
	return func(year int) (Date, bool) {
		d := Date{Year: year, Month: month, Day: day}
		switch d.Weekday() {
		case time.Saturday:
			return d.AddDays(-1), true
		case time.Sunday:
			return d.AddDays(1), true
		default:
			return d, true
		}
	}
}

// nth returns the n-th given weekday of a month, counted from 1.
func nth(n int, weekday time.Weekday, month time.Month) func(int) (Date, bool) {
	return func(year int) (Date, bool) {
		first := Date{Year: year, Month: month, Day: 1}
		ahead := (int(weekday) - int(first.Weekday()) + 7) % 7
		return first.AddDays(ahead + 7*(n-1)), true
	}
}

// last returns the last given weekday of a month.
func last(weekday time.Weekday, month time.Month) func(int) (Date, bool) {
	return func(year int) (Date, bool) {
		end := NewDate(year, month+1, 0)
		back := (int(end.Weekday()) - int(weekday) + 7) % 7
		return end.AddDays(-back), true
	}
}

func goodFriday(year int) (Date, bool) {
	return easter(year).AddDays(-2), true
}

// easter returns Easter Sunday of the Gregorian calendar by the anonymous
// algorithm (Meeus, Jones and Butcher).
func easter(year int) Date {
	golden := year % 19
	century, yearOfCentury := year/100, year%100
	leapCenturies, centuryRest := century/4, century%4
	correction := (century + 8) / 25
	moonShift := (century - correction + 1) / 3
	epact := (19*golden + century - leapCenturies - moonShift + 15) % 30
	leaps, rest := yearOfCentury/4, yearOfCentury%4
	weekday := (32 + 2*centuryRest + 2*leaps - epact - rest) % 7
	late := (golden + 11*epact + 22*weekday) / 451
	n := epact + weekday - 7*late + 114
	return Date{Year: year, Month: time.Month(n / 31), Day: n%31 + 1}
}

// julyEarlyClose is the 3rd of July where both it and the 4th are weekdays.
func julyEarlyClose(year int) (Date, bool) {
	switch (Date{Year: year, Month: time.July, Day: 4}).Weekday() {
	case time.Tuesday, time.Wednesday, time.Thursday, time.Friday:
		return Date{Year: year, Month: time.July, Day: 3}, true
	default:
		return Date{}, false
	}
}

// julyEarlyCloseTo2012 differs where the holiday is a Thursday: until 2012 the
// market closed early on the Friday after it, not on the Wednesday before.
func julyEarlyCloseTo2012(year int) (Date, bool) {
	if (Date{Year: year, Month: time.July, Day: 4}).Weekday() == time.Thursday {
		return Date{Year: year, Month: time.July, Day: 5}, true
	}
	return julyEarlyClose(year)
}

func dayAfterThanksgiving(year int) (Date, bool) {
	thanksgiving, ok := nth(4, time.Thursday, time.November)(year)
	return thanksgiving.AddDays(1), ok
}

// christmasEve is an early close from Monday to Thursday; on a Friday it is
// the observed holiday itself.
func christmasEve(year int) (Date, bool) {
	d := Date{Year: year, Month: time.December, Day: 24}
	switch d.Weekday() {
	case time.Friday, time.Saturday, time.Sunday:
		return Date{}, false
	default:
		return d, true
	}
}
