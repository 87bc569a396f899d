package schemas

import (
	"fmt"
	"regexp"
)

var tickerPattern = regexp.MustCompile(`^[A-Z][A-Z0-9.-]{0,14}$`)

// ValidTicker returns an error unless s is a ticker symbol as an exchange writes
// it: a capital letter, then at most 14 capitals, digits, dots or hyphens. An
// underscore is refused because it stands for the dot in subjects.
func ValidTicker(s string) error {
	if !tickerPattern.MatchString(s) {
		return fmt.Errorf("ticker %q: must be a capital letter and at most 14 capitals, digits, dots or hyphens", s)
	}
	return nil
}

func validTicker(field, s string) error {
	if !tickerPattern.MatchString(s) {
		return fieldError(field, s, "must be a capital letter and at most 14 capitals, digits, dots or hyphens")
	}
	return nil
}
