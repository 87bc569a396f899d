package main

import (
	"bufio"
	"fmt"
	"time"

	"cashtag/internal/calendar"
)

type marketCommand struct {
	From string `placeholder:"DATE" help:"First date to list, YYYY-MM-DD; without it, today."`
	To   string `placeholder:"DATE" help:"Last date to list; without it, ten days from the first."`
	CSV  bool   `name:"csv" help:"Print the sessions as date,open_utc,close_utc."`

	// now is what a test calls now.
	now func() time.Time
}

// marketDays is how many days are listed where nobody says how many.
const marketDays = 10

// Help implements kong.HelpProvider.
func (marketCommand) Help() string {
	return `
The sessions of the New York Stock Exchange and Nasdaq as the calendar has them, 1990 to 2100: whether the market is open now, today, and the days to come with holidays and early closes. It needs no server; an override by the flag market is shown by cashtag flags.

  cashtag market
  cashtag market --from 2026-12-20 --to 2027-01-05
  cashtag market --from 2015-01-01 --to 2015-12-31 --csv > sessions.csv`
}

// Run prints the market's days.
func (c marketCommand) Run(console Console) error {
	now := time.Now
	if c.now != nil {
		now = c.now
	}
	at, cal := now(), calendar.XNYS()
	from, to, err := c.dates(cal, cal.Day(at))
	if err != nil {
		return err
	}
	if c.CSV {
		return printSessions(console, cal, from, to)
	}
	if c.From == "" {
		if _, err := fmt.Fprintf(console.Out, "now    %s\ntoday  %s\n\n", marketState(cal, at), marketDay(cal, cal.Day(at))); err != nil {
			return err
		}
	}
	return printDays(console, cal, from, to)
}

// dates are the first and the last day to list.
func (c marketCommand) dates(cal *calendar.Calendar, today calendar.Date) (from, to calendar.Date, err error) {
	from = today
	if c.From != "" {
		if from, err = marketDate(cal, "--from", c.From); err != nil {
			return from, to, err
		}
	}
	to = from.AddDays(marketDays)
	if c.To != "" {
		if to, err = marketDate(cal, "--to", c.To); err != nil {
			return from, to, err
		}
	}
	if to.Compare(from) < 0 {
		return from, to, usageError("--to %s is before --from %s: must be the same day or later", to, from)
	}
	return from, to, nil
}

func marketDate(cal *calendar.Calendar, flag, value string) (calendar.Date, error) {
	date, err := calendar.ParseDate(value)
	if err != nil {
		return date, usageError("%s is %q: must be a date as YYYY-MM-DD", flag, shortened(printable(value), 40))
	}
	if err := cal.Check(date); err != nil {
		return date, usageError("%s is %s: must be from 1990-01-01 to 2100-12-31", flag, date)
	}
	return date, nil
}

// marketState is one line about now.
func marketState(cal *calendar.Calendar, at time.Time) string {
	if session, open := cal.At(at); open {
		early := ""
		if session.Early {
			early = fmt.Sprintf(" (early: %s)", session.Why)
		}
		return fmt.Sprintf("open since %s, closes at %s%s, in %s",
			clockText(session.Open), clockText(session.Close), early, spanText(session.Close.Sub(at)))
	}
	next, ok := cal.Next(at)
	if !ok {
		return "closed"
	}
	return fmt.Sprintf("closed, opens %s %s at %s, in %s",
		next.Date.Weekday().String()[:3], next.Date, clockText(next.Open), spanText(next.Open.Sub(at)))
}

// marketDay is one line about a date.
func marketDay(cal *calendar.Calendar, date calendar.Date) string {
	day := fmt.Sprintf("%s %s, ", date.Weekday().String()[:3], date)
	if session, ok := cal.Session(date); ok {
		day += fmt.Sprintf("session from %s to %s", clockText(session.Open), clockText(session.Close))
		if session.Early {
			day += fmt.Sprintf(" (early close: %s)", session.Why)
		}
		return day
	}
	day += "no session"
	if holiday, ok := cal.Holiday(date); ok {
		day += ": " + holiday
	}
	return day
}

func clockText(t time.Time) string { return t.UTC().Format("15:04Z") }

// spanText is a span in days, hours and minutes, rounded up to a minute.
func spanText(d time.Duration) string {
	minutes := int((d + time.Minute - 1) / time.Minute)
	days, hours, minutes := minutes/(24*60), minutes/60%24, minutes%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd%dh%dm", days, hours, minutes)
	case hours > 0:
		return fmt.Sprintf("%dh%dm", hours, minutes)
	}
	return fmt.Sprintf("%dm", minutes)
}

// printDays lists every day, with a session or without.
func printDays(console Console, cal *calendar.Calendar, from, to calendar.Date) error {
	table := newGrid("DATE", "DAY", "OPENS", "CLOSES", "NOTE")
	for date := from; date.Compare(to) <= 0; date = date.AddDays(1) {
		if cal.Check(date) != nil {
			break // ten days from the calendar's end
		}
		opens, closes, note := "-", "-", "weekend"
		if holiday, ok := cal.Holiday(date); ok {
			note = "closed: " + holiday
		}
		if session, ok := cal.Session(date); ok {
			opens, closes, note = clockText(session.Open), clockText(session.Close), ""
			if session.Early {
				note = "early close: " + session.Why
			}
		}
		row := said(note)
		if note != "" && note != "weekend" {
			row = row.toned(toneQuiet)
		}
		table.add(said(date.String()), said(date.Weekday().String()[:3]), said(opens), said(closes), row)
	}
	return table.print(console)
}

// printSessions writes one row a session.
func printSessions(console Console, cal *calendar.Calendar, from, to calendar.Date) error {
	out := bufio.NewWriter(console.Out)
	_, _ = out.WriteString("date,open_utc,close_utc\n") // Flush returns the error
	for session := range cal.Range(from, to) {
		_, _ = fmt.Fprintf(out, "%s,%s,%s\n", session.Date, session.Open.Format("15:04"), session.Close.Format("15:04"))
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write sessions: %w", err)
	}
	return nil
}
