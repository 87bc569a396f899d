package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// marketAt runs the command at a given time.
func marketAt(t *testing.T, at string, c marketCommand) string {
	t.Helper()
	now, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	c.now = func() time.Time { return now }
	var out bytes.Buffer
	if err := c.Run(Console{Out: &out}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestMarketNow(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, at, now, today string }{
		{"open", "2025-11-26T15:00:00Z", "open since 14:30Z, closes at 21:00Z, in 6h0m", "Wed 2025-11-26, session from 14:30Z to 21:00Z"},
		{"before the open", "2025-11-26T14:29:30Z", "closed, opens Wed 2025-11-26 at 14:30Z, in 1m", "Wed 2025-11-26, session from 14:30Z to 21:00Z"},
		{"holiday", "2025-11-27T14:00:00Z", "closed, opens Fri 2025-11-28 at 14:30Z, in 1d0h30m", "Thu 2025-11-27, no session: Thanksgiving Day"},
		{"early", "2025-11-28T17:00:00Z", "open since 14:30Z, closes at 18:00Z (early: day after Thanksgiving), in 1h0m", "Fri 2025-11-28, session from 14:30Z to 18:00Z (early close: day after Thanksgiving)"},
		{"weekend", "2025-11-29T17:00:00Z", "closed, opens Mon 2025-12-01 at 14:30Z, in 1d21h30m", "Sat 2025-11-29, no session"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lines := strings.Split(marketAt(t, test.at, marketCommand{}), "\n")
			if got, want := lines[0], "now    "+test.now; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if got, want := lines[1], "today  "+test.today; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if len(lines) != 3+1+11+1 {
				t.Errorf("got %d lines, want today and ten days", len(lines)-5)
			}
		})
	}
}

func TestMarketDays(t *testing.T) {
	t.Parallel()
	want := `DATE        DAY  OPENS   CLOSES  NOTE
2025-11-26  Wed  14:30Z  21:00Z  
2025-11-27  Thu  -       -       closed: Thanksgiving Day
2025-11-28  Fri  14:30Z  18:00Z  early close: day after Thanksgiving
2025-11-29  Sat  -       -       weekend
`
	if got := marketAt(t, "2026-01-01T00:00:00Z", marketCommand{From: "2025-11-26", To: "2025-11-29"}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := marketAt(t, "2100-12-30T00:00:00Z", marketCommand{}); strings.Count(got, "2100-12-3") < 3 || strings.Contains(got, "2101") {
		t.Errorf("got\n%s\nwant no day after the calendar's last", got)
	}
}

func TestMarketCSV(t *testing.T) {
	t.Parallel()
	want := "date,open_utc,close_utc\n2025-11-26,14:30,21:00\n2025-11-28,14:30,18:00\n"
	if got := marketAt(t, "2026-01-01T00:00:00Z", marketCommand{From: "2025-11-26", To: "2025-11-30", CSV: true}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The command needs no server, and a mistake is one line.
func TestMarketMistakes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"a year":                {[]string{"--from", "2025-01-01", "--to", "2025-12-31", "--csv"}, exitDone, ""},
		"no date":               {[]string{"--from", "01/02/2025"}, exitUsage, `--from is "01/02/2025": must be a date as YYYY-MM-DD`},
		"no such date":          {[]string{"--to", "2026-02-30"}, exitUsage, "--to"},
		"outside of the years":  {[]string{"--from", "1980-01-01"}, exitUsage, "must be from 1990-01-01 to 2100-12-31"},
		"the wrong way round":   {[]string{"--from", "2025-02-01", "--to", "2025-01-01"}, exitUsage, "--to 2025-01-01 is before --from 2025-02-01"},
		"something of no sense": {[]string{"tomorrow"}, exitUsage, "tomorrow"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, err bytes.Buffer
			code := Main(t.Context(), append([]string{"market"}, test.args...), Console{Out: &out, Err: &err})
			if code != test.code || !strings.Contains(err.String(), test.want) || test.want == "" && err.Len() > 0 {
				t.Errorf("got exit code %d and %q, want %d and %q", code, err.String(), test.code, test.want)
			}
			if test.code == exitUsage && out.Len() > 0 {
				t.Errorf("got %q beside a mistake, want nothing", out.String())
			}
		})
	}
}
