package calendar_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/internal/calendar"
)

// published are the holidays and the 13:00 closes (marked with a star) of each
// year as the exchange announced them, and for 2029 and 2030 as its rules give
// them.
var published = map[int]string{
	2021: "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 11-26* 12-24",
	2022: "01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 11-25* 12-26",
	2023: "01-02 01-16 02-20 04-07 05-29 06-19 07-03* 07-04 09-04 11-23 11-24* 12-25",
	2024: "01-01 01-15 02-19 03-29 05-27 06-19 07-03* 07-04 09-02 11-28 11-29* 12-24* 12-25",
	2025: "01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-03* 07-04 09-01 11-27 11-28* 12-24* 12-25",
	2026: "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 11-27* 12-24* 12-25",
	2027: "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 11-26* 12-24",
	2028: "01-17 02-21 04-14 05-29 06-19 07-03* 07-04 09-04 11-23 11-24* 12-25",
	2029: "01-01 01-15 02-19 03-30 05-28 06-19 07-03* 07-04 09-03 11-22 11-23* 12-24* 12-25",
	2030: "01-01 01-21 02-18 04-19 05-27 06-19 07-03* 07-04 09-02 11-28 11-29* 12-24* 12-25",
}

func TestPublishedYears(t *testing.T) {
	t.Parallel()
	cal := calendar.XNYS()
	for year, want := range published {
		var got []string
		end := calendar.Date{Year: year, Month: time.December, Day: 31}
		for d := (calendar.Date{Year: year, Month: time.January, Day: 1}); d.Compare(end) <= 0; d = d.AddDays(1) {
			s, ok := cal.Session(d)
			switch weekday := d.Weekday(); {
			case ok && (weekday == time.Saturday || weekday == time.Sunday):
				t.Errorf("%s: got a session on a %s", d, weekday)
			case weekday == time.Saturday || weekday == time.Sunday:
			case !ok:
				got = append(got, d.String()[5:])
			case s.Early:
				got = append(got, d.String()[5:]+"*")
			}
		}
		if joined := strings.Join(got, " "); joined != want {
			t.Errorf("%d:\n got %s\nwant %s", year, joined, want)
		}
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, date        string
		open, close, note string // close empty: no session, and note is the holiday
	}{
		{name: "winter", date: "2026-01-15", open: "14:30", close: "21:00"},
		{name: "summer", date: "2026-07-15", open: "13:30", close: "20:00"},
		{name: "last session of winter time", date: "2026-03-06", open: "14:30", close: "21:00"},
		{name: "first session of summer time", date: "2026-03-09", open: "13:30", close: "20:00"},
		{name: "summer time until 2006 began in April", date: "2006-03-31", open: "14:30", close: "21:00"},
		{name: "early close in winter time", date: "2026-11-27", open: "14:30", close: "18:00", note: "day after Thanksgiving"},
		{name: "early close in summer time", date: "2025-07-03", open: "13:30", close: "17:00", note: "Independence Day early close"},
		{name: "first day after Thanksgiving closed at two", date: "1992-11-27", open: "14:30", close: "19:00", note: "day after Thanksgiving"},
		{name: "the year before it was a full day", date: "1991-11-29", open: "14:30", close: "21:00"},
		{name: "Thursday holiday until 2012: the Friday after", date: "2002-07-05", open: "13:30", close: "17:00", note: "Independence Day early close"},
		{name: "Thursday holiday until 2012: the day before is full", date: "2002-07-03", open: "13:30", close: "20:00"},
		{name: "Thursday holiday since 2013: the day before", date: "2024-07-03", open: "13:30", close: "17:00", note: "Independence Day early close"},
		{name: "Friday before a Sunday holiday is full", date: "2027-07-02", open: "13:30", close: "20:00"},
		{name: "New Year on a Saturday is not observed", date: "2027-12-31", open: "14:30", close: "21:00"},
		{name: "Juneteenth before it was one", date: "2020-06-19", open: "13:30", close: "20:00"},
		{name: "Martin Luther King before it was one", date: "1997-01-20", open: "14:30", close: "21:00"},
		{name: "Independence Day on a Saturday", date: "2026-07-03", note: "Independence Day"},
		{name: "day of mourning", date: "2025-01-09", note: "National Day of Mourning for Jimmy Carter"},
		{name: "Saturday", date: "2026-03-21"},
		{name: "Sunday", date: "2026-03-22"},
		{name: "before the first year", date: "1989-12-29"},
		{name: "after the last year", date: "2101-01-03"},
	}
	cal := calendar.XNYS()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := date(t, test.date)
			s, ok := cal.Session(d)
			if ok != (test.close != "") {
				t.Fatalf("got a session %t, want %t", ok, test.close != "")
			}
			holiday, _ := cal.Holiday(d)
			if !ok {
				if holiday != test.note {
					t.Errorf("got holiday %q, want %q", holiday, test.note)
				}
				return
			}
			if holiday != "" {
				t.Errorf("got holiday %q on a trading day", holiday)
			}
			if got, want := s.Open.Format(time.RFC3339), test.date+"T"+test.open+":00Z"; got != want {
				t.Errorf("got open %s, want %s", got, want)
			}
			if got, want := s.Close.Format(time.RFC3339), test.date+"T"+test.close+":00Z"; got != want {
				t.Errorf("got close %s, want %s", got, want)
			}
			if s.Early != (test.note != "") || s.Why != test.note {
				t.Errorf("got early %t (%q), want %q", s.Early, s.Why, test.note)
			}
		})
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, at string
		open     bool
	}{
		{"instant before the opening", "2026-03-18T13:29:59.999999999Z", false},
		{"opening", "2026-03-18T13:30:00Z", true},
		{"last instant", "2026-03-18T19:59:59.999999999Z", true},
		{"close", "2026-03-18T20:00:00Z", false},
		{"another zone", "2026-03-19T01:00:00+09:00", true},
		{"holiday", "2026-07-03T15:00:00Z", false},
		{"after an early close", "2026-12-24T18:00:00Z", false},
		{"year before the calendar", "1985-03-18T15:00:00Z", false},
	}
	cal := calendar.XNYS()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339Nano, test.at)
			if err != nil {
				t.Fatal(err)
			}
			s, open := cal.At(at)
			if open != test.open {
				t.Fatalf("got open %t (%+v), want %t", open, s, test.open)
			}
			if open && s.Date != cal.Day(at) {
				t.Errorf("got session of %s, want %s", s.Date, cal.Day(at))
			}
		})
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, at, want string // want empty: none
	}{
		{"before the opening", "2026-03-18T12:00:00Z", "2026-03-18"},
		{"at the opening", "2026-03-18T13:30:00Z", "2026-03-19"},
		{"over a long weekend", "2026-07-02T21:00:00Z", "2026-07-06"},
		{"after September 11", "2001-09-11T13:00:00Z", "2001-09-17"},
		{"before the calendar begins", "1950-01-01T00:00:00Z", "1990-01-02"},
		{"after the last session", "2100-12-31T22:00:00Z", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, test.at)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if s, ok := calendar.XNYS().Next(at); ok {
				got = s.Date.String()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestRange(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, from, to, want string }{
		{"a week with a holiday", "2025-11-24", "2025-11-30", "2025-11-24 2025-11-25 2025-11-26 2025-11-28"},
		{"one day", "2026-03-18", "2026-03-18", "2026-03-18"},
		{"weekend", "2026-03-21", "2026-03-22", ""},
		{"backwards", "2026-03-20", "2026-03-18", ""},
		{"first year only from its beginning", "1900-01-01", "1990-01-03", "1990-01-02 1990-01-03"},
		{"no further than the last year", "2100-12-30", "2199-12-31", "2100-12-30 2100-12-31"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for s := range calendar.XNYS().Range(date(t, test.from), date(t, test.to)) {
				got = append(got, s.Date.String())
			}
			if joined := strings.Join(got, " "); joined != test.want {
				t.Errorf("got %q, want %q", joined, test.want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	cal := calendar.XNYS()
	for _, ok := range []string{"1990-01-01", "2026-03-21", "2100-12-31"} {
		if err := cal.Check(date(t, ok)); err != nil {
			t.Errorf("%s: got %v, want nil", ok, err)
		}
	}
	for _, d := range []calendar.Date{
		{Year: 1989, Month: time.December, Day: 31},
		{Year: 2101, Month: time.January, Day: 1},
		{Year: 2026, Month: time.February, Day: 30},
	} {
		err := cal.Check(d)
		if !errors.Is(err, calendar.ErrOutOfRange) || !strings.Contains(err.Error(), d.String()) {
			t.Errorf("%s: got %v, want ErrOutOfRange that names the date", d, err)
		}
		if _, ok := cal.Session(d); ok {
			t.Errorf("%s: got a session, want none", d)
		}
	}
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "2026-2-3", "2026-02-30", "2026-02-03T00:00:00Z", "20260203"} {
		if d, err := calendar.ParseDate(bad); err == nil {
			t.Errorf("%q: got %s, want an error", bad, d)
		}
	}
	if got := date(t, "2024-02-29").AddDays(1).String(); got != "2024-03-01" {
		t.Errorf("got %s, want 2024-03-01", got)
	}
}

// TestSessionsArePlausible holds every year of the calendar to what is true of
// all: 249 to 254 sessions, the fewest being 2001 with 248.
func TestSessionsArePlausible(t *testing.T) {
	t.Parallel()
	cal := calendar.XNYS()
	for year := 1990; year <= 2100; year++ {
		sessions := slices.Collect(cal.Range(
			calendar.Date{Year: year, Month: time.January, Day: 1},
			calendar.Date{Year: year, Month: time.December, Day: 31},
		))
		low := 249
		if year == 2001 {
			low = 248
		}
		if n := len(sessions); n < low || n > 254 {
			t.Errorf("%d: got %d sessions, want %d to 254", year, n, low)
		}
		for _, s := range sessions {
			length := s.Close.Sub(s.Open)
			if s.Early == (length == 390*time.Minute) || length < 210*time.Minute || length > 390*time.Minute {
				t.Errorf("%s: got a session of %s, early %t", s.Date, length, s.Early)
			}
		}
	}
}

func date(t *testing.T, s string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
