package text

import (
	"html"
	"strings"
)

// entities are those that platforms write. Any other is left to package html,
// which allocates.
var entities = []struct{ name, means string }{
	{"&amp;", "&"},
	{"&lt;", "<"},
	{"&gt;", ">"},
	{"&quot;", `"`},
	{"&#39;", "'"},
	{"&#34;", `"`},
	{"&apos;", "'"},
	{"&nbsp;", "\u00a0"},
}

// unescape appends what html.UnescapeString makes of a text.
func unescape(to []byte, s string) []byte {
	for {
		at := strings.IndexByte(s, '&')
		if at < 0 {
			return append(to, s...)
		}
		to = append(to, s[:at]...)
		s = s[at:]
		size, means := entity(s)
		if size == 0 {
			return append(to, html.UnescapeString(s)...)
		}
		to = append(to, means...)
		s = s[size:]
	}
}

// entity is what stands at the ampersand that begins s, and how long it is: 0 where
// package html must say.
func entity(s string) (size int, means string) {
	for _, e := range entities {
		if strings.HasPrefix(s, e.name) {
			return len(e.name), e.means
		}
	}
	// No entity has a name of one character: AT&T, P&L.
	named := len(s) > 2 && isName(s[1]) && isName(s[2])
	if named || len(s) > 1 && s[1] == '#' {
		return 0, ""
	}
	return 1, "&"
}

func isName(b byte) bool { return isWord(b) && b != '_' }
