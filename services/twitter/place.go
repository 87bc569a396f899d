package twitter

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Place is how far X was read, as the engine stores it with the events, in the
// form <post id>/<UTC day>/<reads of the day>/<reads of the month>. An @ and Unix
// milliseconds stand for the post where there is none yet.
type Place struct {
	// PostID is the newest post up to which all is read, "" where there is none.
	PostID string
	// Since is when reading began, where PostID is "".
	Since time.Time
	// Spend is what was read by then.
	Spend Spend
}

// Spend is how many different posts were read.
type Spend struct {
	// Day is the UTC day that is counted, at its midnight.
	Day time.Time
	// Today and Month are the posts read that day, and that month up to it.
	Today, Month int
}

// On is what of the spend counts on the UTC day and in the month of now.
func (s Spend) On(now time.Time) Spend {
	now = now.UTC()
	on := Spend{Day: time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)}
	if s.Day.Equal(on.Day) {
		on.Today = s.Today
	}
	if s.Day.Year() == on.Day.Year() && s.Day.Month() == on.Day.Month() {
		on.Month = s.Month
	}
	return on
}

// String returns the place as a cursor of the engine.
func (p Place) String() string {
	at := p.PostID
	if at == "" {
		at = "@" + strconv.FormatInt(p.Since.UnixMilli(), 10)
	}
	return fmt.Sprintf("%s/%s/%d/%d", at, p.Spend.Day.Format(time.DateOnly), p.Spend.Today, p.Spend.Month)
}

// ParsePlace reads what String wrote, or the id of a post alone. It returns an
// error that wraps ErrPlace for anything else.
func ParsePlace(cursor string) (Place, error) {
	bad := func() (Place, error) {
		return Place{}, fmt.Errorf("%w: %q is no post id/day/reads/reads", ErrPlace, cursor)
	}
	fields := strings.Split(cursor, "/")
	var place Place
	if at, ok := strings.CutPrefix(fields[0], "@"); ok {
		ms, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			return bad()
		}
		place.Since = time.UnixMilli(ms).UTC()
	} else if _, err := strconv.ParseUint(fields[0], 10, 64); err != nil {
		return bad()
	} else {
		place.PostID = fields[0]
	}
	if len(fields) == 1 {
		return place, nil
	}
	if len(fields) != 4 {
		return bad()
	}
	day, dayErr := time.Parse(time.DateOnly, fields[1])
	today, todayErr := strconv.Atoi(fields[2])
	month, monthErr := strconv.Atoi(fields[3])
	if cmp.Or(dayErr, todayErr, monthErr) != nil || today < 0 || month < 0 {
		return bad()
	}
	place.Spend = Spend{Day: day, Today: today, Month: month}
	return place, nil
}

// nowhere is before the first connection.
func (p Place) nowhere() bool { return p.PostID == "" && p.Since.IsZero() }

// compareIDs compares post ids as the numbers that they are.
func compareIDs(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
