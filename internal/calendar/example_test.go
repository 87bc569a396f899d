package calendar_test

import (
	"fmt"
	"time"

	"cashtag/internal/calendar"
)

func ExampleCalendar_Range() {
	from := calendar.Date{Year: 2026, Month: time.December, Day: 23}
	for s := range calendar.XNYS().Range(from, from.AddDays(5)) {
		fmt.Println(s.Date, s.Open.Format(time.TimeOnly), s.Close.Format(time.TimeOnly), s.Early)
	}
	// Output:
	// 2026-12-23 14:30:00 21:00:00 false
	// 2026-12-24 14:30:00 18:00:00 true
	// 2026-12-28 14:30:00 21:00:00 false
}
