package calendar

import "time"

// exception is a closed day, or an early close, that follows from no rule.
type exception struct {
	date  Date
	name  string
	close time.Duration // from midnight in New York; zero means closed all day
}

// exceptions are the closures that the exchange announced one by one. A dated
// row wins over a rule.
var exceptions = []exception{
	{date: Date{1994, time.April, 27}, name: "National Day of Mourning for Richard Nixon"},
	{date: Date{1997, time.December, 26}, name: "day after Christmas", close: oneOClock},
	{date: Date{1999, time.December, 31}, name: "eve of the year 2000", close: oneOClock},
	{date: Date{2001, time.September, 11}, name: "attacks of September 11"},
	{date: Date{2001, time.September, 12}, name: "attacks of September 11"},
	{date: Date{2001, time.September, 13}, name: "attacks of September 11"},
	{date: Date{2001, time.September, 14}, name: "attacks of September 11"},
	{date: Date{2003, time.December, 26}, name: "day after Christmas", close: oneOClock},
	{date: Date{2004, time.June, 11}, name: "National Day of Mourning for Ronald Reagan"},
	{date: Date{2007, time.January, 2}, name: "National Day of Mourning for Gerald Ford"},
	{date: Date{2012, time.October, 29}, name: "Hurricane Sandy"},
	{date: Date{2012, time.October, 30}, name: "Hurricane Sandy"},
	{date: Date{2018, time.December, 5}, name: "National Day of Mourning for George H. W. Bush"},
	{date: Date{2025, time.January, 9}, name: "National Day of Mourning for Jimmy Carter"},
}
