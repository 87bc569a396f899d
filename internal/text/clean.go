package text

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean returns what the author of a post says, without what the platform put
// in: web addresses, mentions and cashtags are taken out, HTML entities stand for
// their characters, and every run of white space, line ends and tabs included, is
// one space. A hashtag is kept, since authors use it as a word.
//
// What is taken out leaves a space, so that the words beside it stay two.
func Clean(post string) string {
	c := cleaner{in: html.UnescapeString(post)}
	c.out.Grow(len(c.in))
	for c.at < len(c.in) {
		c.step()
	}
	return c.out.String()
}

// cleaner goes through a text once.
type cleaner struct {
	in  string
	at  int
	out strings.Builder
	// gap says that a space is due before what is written next.
	gap bool
	// within says that the character before was of a word, so that $ or @ here
	// starts nothing: Micro$oft, a@example.com.
	within bool
}

// step takes one character, or one thing that is taken out, from the input.
func (c *cleaner) step() {
	b := c.in[c.at]
	if b >= utf8.RuneSelf {
		r, size := utf8.DecodeRuneInString(c.in[c.at:])
		if unicode.IsSpace(r) {
			c.skipTo(c.at + size)
			return
		}
		c.writeTo(c.at + size)
		c.within = false
		return
	}
	switch {
	case b == ' ' || '\t' <= b && b <= '\r':
		c.skipTo(c.at + 1)
	case b == '@' && !c.within && c.wordAt(c.at+1):
		c.skipTo(c.mentionEnd())
	case b == '$' && !c.within && c.letterAt(c.at+1):
		c.skipTo(c.cashtagEnd())
	case isHost(b) && isWord(b) && !c.within:
		c.run()
	default:
		c.writeTo(c.at + 1)
		c.within = isWord(b)
	}
}

// run takes a run of what a web address may begin with: letters, digits, dots
// and hyphens.
func (c *cleaner) run() {
	end := c.at
	for end < len(c.in) && isHost(c.in[end]) {
		end++
	}
	run := c.in[c.at:end]
	switch {
	case strings.HasPrefix(c.in[end:], "://"):
		scheme := end
		for scheme > c.at && isLetter(c.in[scheme-1]) {
			scheme--
		}
		c.writeTo(scheme)
		c.skipTo(c.spaceFrom(end))
	case hasPrefixFold(run, "www."), hasPrefixFold(run, "http"), isDomain(run) && end < len(c.in) && c.in[end] == '/':
		c.skipTo(c.spaceFrom(end))
	default:
		c.writeTo(end)
		c.within = isWord(c.in[end-1])
	}
}

// isDomain reports whether s is labels joined by dots, the last of two letters or
// more, as in cnb.cx or pic.twitter.com.
func isDomain(s string) bool {
	last := strings.LastIndexByte(s, '.')
	if last < 1 || len(s)-last < 3 || s[0] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := last + 1; i < len(s); i++ {
		if !isLetter(s[i]) {
			return false
		}
	}
	return true
}

// mentionEnd is where the mention that starts here ends: @name, or a whole host
// as in @name.bsky.social.
func (c *cleaner) mentionEnd() int {
	end := c.at + 1
	for end < len(c.in) && (c.in[end] == '_' || isHost(c.in[end])) {
		end++
	}
	for end > c.at+1 && !isWord(c.in[end-1]) {
		end--
	}
	return end
}

// cashtagEnd is where the cashtag that starts here ends: $AAPL, or with a class
// of shares as in $BRK.B and $BF-B.
func (c *cleaner) cashtagEnd() int {
	end := c.at + 1
	for c.wordAt(end) {
		end++
	}
	if end < len(c.in) && (c.in[end] == '.' || c.in[end] == '-') && c.letterAt(end+1) {
		class := end + 2
		for c.wordAt(class) {
			class++
		}
		if class-end <= 3 {
			return class
		}
	}
	return end
}

// spaceFrom is where the next white space stands.
func (c *cleaner) spaceFrom(at int) int {
	space := strings.IndexFunc(c.in[at:], unicode.IsSpace)
	if space < 0 {
		return len(c.in)
	}
	return at + space
}

func (c *cleaner) skipTo(end int) {
	c.at = end
	c.gap = true
	c.within = false
}

func (c *cleaner) writeTo(end int) {
	if end == c.at {
		return
	}
	if c.gap && c.out.Len() > 0 {
		c.out.WriteByte(' ')
	}
	c.gap = false
	c.out.WriteString(c.in[c.at:end])
	c.at = end
}

func (c *cleaner) wordAt(i int) bool   { return i < len(c.in) && isWord(c.in[i]) }
func (c *cleaner) letterAt(i int) bool { return i < len(c.in) && isLetter(c.in[i]) }

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }
func isWord(b byte) bool   { return isLetter(b) || '0' <= b && b <= '9' || b == '_' }
func isHost(b byte) bool   { return isLetter(b) || '0' <= b && b <= '9' || b == '.' || b == '-' }

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
