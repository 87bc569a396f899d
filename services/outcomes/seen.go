package outcomes

import (
	"strings"
	"time"

	"cashtag/schemas"
)

// seen reports whether a model was trained on what it predicted, as on a replay of the
// past: its version begins with the last day of the rows that it was trained on. One
// that does not begin with a day says nothing of it.
func seen(o *schemas.Outcome) bool { return trainedOn(o.Version, o.DueAt) }

// trainedOn reports whether a version was trained on what is due then.
func trainedOn(version string, due time.Time) bool {
	const day = "20060102"
	until, _, found := strings.Cut(version, "-")
	if _, err := time.Parse(day, until); err != nil || !found {
		return false
	}
	return due.UTC().Format(day) <= until
}
