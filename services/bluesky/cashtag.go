package bluesky

import (
	"slices"
	"strings"
)

// maxFacets bounds how many facets of a post are looked at.
const maxFacets = 500

// span is a cashtag and where it stands in the text, in bytes.
type span struct {
	start, end int
	symbol     string
}

// cashtags returns the symbols that a post names in capitals without the $, each
// once, in order of appearance: where a facet marks one, what the facet says, and
// elsewhere what the text says. The list is empty, never nil, where there is none.
func cashtags(text string, facets []facet) []string {
	marked := markedSpans(text, facets)
	all := marked
	for found := range scan(text) {
		if !slices.ContainsFunc(marked, func(m span) bool { return m.start < found.end && found.start < m.end }) {
			all = append(all, found)
		}
	}
	slices.SortStableFunc(all, func(a, b span) int { return a.start - b.start })
	symbols := make([]string, 0, len(all))
	for _, s := range all {
		if !slices.Contains(symbols, s.symbol) {
			symbols = append(symbols, s.symbol)
		}
	}
	return symbols
}

// markedSpans are the cashtags of facets whose offsets lie within the text.
func markedSpans(text string, facets []facet) []span {
	var marked []span
	for _, f := range facets[:min(len(facets), maxFacets)] {
		start, end := f.Index.ByteStart, f.Index.ByteEnd
		if start < 0 || start >= end || end > len(text) {
			continue
		}
		for _, feature := range f.Features {
			if feature.Type != typeTag || match(feature.Tag) != len(feature.Tag) || len(feature.Tag) < 2 {
				continue
			}
			s := span{start, end, strings.ToUpper(feature.Tag[1:])}
			marked = append(marked, withClass(text, s))
			break
		}
	}
	return marked
}

// withClass puts the class of a share behind a symbol: Bluesky marks $BRK alone in
// $BRK.B.
func withClass(text string, s span) span {
	rest := text[s.start:]
	n := match(rest)
	if n != s.end-s.start+2 || !strings.EqualFold(rest[1:n-2], s.symbol) {
		return s
	}
	return span{s.start, s.start + n, strings.ToUpper(rest[1:n])}
}

// scan yields the cashtags of a text: a $ before a symbol as an exchange writes
// it, letters and digits with single dots or hyphens inside. It is the rule by
// which tapes are read.
func scan(text string) func(yield func(span) bool) {
	return func(yield func(span) bool) {
		for at := 0; ; {
			i := strings.IndexByte(text[at:], '$')
			if i < 0 {
				return
			}
			at += i
			n := match(text[at:])
			if n > 0 && !yield(span{at, at + n, strings.ToUpper(text[at+1 : at+n])}) {
				return
			}
			at += max(1, n)
		}
	}
}

// match returns the length of the cashtag that text begins with, 0 for none.
func match(text string) int {
	if len(text) < 2 || text[0] != '$' || !isLetter(text[1]) {
		return 0
	}
	n := 2
	for n < len(text) && isSymbol(text[n]) {
		n++
	}
	for n+1 < len(text) && (text[n] == '.' || text[n] == '-') && isSymbol(text[n+1]) {
		n += 2
		for n < len(text) && isSymbol(text[n]) {
			n++
		}
	}
	return n
}

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

func isSymbol(b byte) bool { return isLetter(b) || '0' <= b && b <= '9' }
