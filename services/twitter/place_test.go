package twitter_test

import (
	"errors"
	"testing"
	"time"

	"cashtag/services/twitter"
)

func TestPlaceRoundTrip(t *testing.T) {
	t.Parallel()
	spend := twitter.Spend{Day: time.Date(2026, 8, 24, 0, 0, 0, 0, time.UTC), Today: 12, Month: 345}
	for want, place := range map[string]twitter.Place{
		"1960012345678901234/2026-08-24/12/345": {PostID: "1960012345678901234", Spend: spend},
		"000012/2026-08-24/12/345":              {PostID: "000012", Spend: spend},
		"@1787592665120/2026-08-24/12/345":      {Since: time.UnixMilli(1787592665120).UTC(), Spend: spend},
	} {
		if got := place.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got, err := twitter.ParsePlace(want); err != nil || got != place {
			t.Errorf("parse %s: got %+v, %v, want %+v", want, got, err, place)
		}
	}
	if got, err := twitter.ParsePlace("1960012345678901234"); err != nil || got.PostID != "1960012345678901234" {
		t.Errorf("got %+v, %v, want a post id alone to do", got, err)
	}
}

func TestPlaceRefuses(t *testing.T) {
	t.Parallel()
	for _, cursor := range []string{"x", "", "@", "1/2/3", "1/2026-08-24/1/x", "1/2026-08-24/-1/1", "1/24.8.2026/1/1", "1/2026-08-24/1/1/1"} {
		if got, err := twitter.ParsePlace(cursor); !errors.Is(err, twitter.ErrPlace) {
			t.Errorf("%q: got %+v, %v, want it refused", cursor, got, err)
		}
	}
}

func TestSpendOn(t *testing.T) {
	t.Parallel()
	spend := twitter.Spend{Day: time.Date(2026, 8, 30, 0, 0, 0, 0, time.UTC), Today: 12, Month: 345}
	for name, test := range map[string]struct {
		now  time.Time
		want twitter.Spend
	}{
		"same day":   {spend.Day.Add(23 * time.Hour), spend},
		"next day":   {spend.Day.Add(24 * time.Hour), twitter.Spend{Day: spend.Day.AddDate(0, 0, 1), Month: 345}},
		"next month": {spend.Day.Add(49 * time.Hour), twitter.Spend{Day: spend.Day.AddDate(0, 0, 2)}},
		"next year":  {spend.Day.AddDate(1, 0, 0), twitter.Spend{Day: spend.Day.AddDate(1, 0, 0)}},
		"zone":       {time.Date(2026, 8, 30, 22, 0, 0, 0, time.FixedZone("", -4*3600)), twitter.Spend{Day: spend.Day.AddDate(0, 0, 1), Month: 345}},
	} {
		if got := spend.On(test.now); got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}

func TestCompareIDs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"9", "10", -1},
		{"000010", "9", 1},
		{"0", "", 0},
		{"1960012345678901234", "1960012345678901233", 1},
	} {
		if got := twitter.CompareIDs(test.a, test.b); got != test.want {
			t.Errorf("%s and %s: got %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
