package text

import (
	"regexp"
	"slices"
	"strings"
)

// cashtagPattern is a $ before a symbol as an exchange writes it: letters and
// digits, with single dots or hyphens inside. What follows the symbol (the stop
// of a sentence, an ellipsis, a dash) is not part of it.
var cashtagPattern = regexp.MustCompile(`\$[A-Za-z][A-Za-z0-9]*(?:[.-][A-Za-z0-9]+)*`)

// Cashtags returns the cashtags of a text in capitals without the $, each once,
// in order of appearance. The list is empty, never nil, where there is none.
func Cashtags(text string) []string {
	found := []string{}
	if !strings.Contains(text, "$") {
		return found
	}
	for _, match := range cashtagPattern.FindAllString(text, -1) {
		if tag := strings.ToUpper(match[1:]); !slices.Contains(found, tag) {
			found = append(found, tag)
		}
	}
	return found
}
