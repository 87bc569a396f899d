package analysis

import (
	"strings"
	"unicode"

	"cashtag/internal/text"
)

// maxWordsPost bounds the words that are read of one post.
const maxWordsPost = 200

// words returns the words of a post in lower case, without addresses, mentions,
// cashtags and bare numbers.
func words(post string) []string {
	split := strings.FieldsFunc(strings.ToLower(text.Clean(post)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\''
	})
	kept := make([]string, 0, len(split))
	for _, word := range split {
		word = strings.Trim(word, "'")
		if len(word) < 2 || len(word) > 40 || !strings.ContainsFunc(word, unicode.IsLetter) {
			continue
		}
		if kept = append(kept, word); len(kept) == maxWordsPost {
			break
		}
	}
	return kept
}
