package text

import (
	"bytes"
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
	var c Cleaner
	return string(c.Clean(post))
}

// Cleaner cleans one text after the other in memory that it uses again. Its zero
// value is ready; it is not safe for concurrent use.
type Cleaner struct {
	in  []byte
	at  int
	out []byte
	// gap says that a space is due before what is written next.
	gap bool
	// within says that the character before was of a word, so that $ or @ here
	// starts nothing: Micro$oft, a@example.com.
	within bool
}

// Clean returns what the function Clean does, in bytes that hold until the next
// call. It allocates nothing once it had a text as long, unless the text has an
// HTML entity beyond those that platforms write.
func (c *Cleaner) Clean(post string) []byte {
	c.in = unescape(c.in[:0], post)
	c.at, c.out, c.gap, c.within = 0, c.out[:0], false, false
	for c.at < len(c.in) {
		c.step()
	}
	return c.out
}

// step takes one character, or one thing that is taken out, from the input.
func (c *Cleaner) step() {
	b := c.in[c.at]
	if b >= utf8.RuneSelf {
		r, size := utf8.DecodeRune(c.in[c.at:])
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
func (c *Cleaner) run() {
	end := c.at
	for end < len(c.in) && isHost(c.in[end]) {
		end++
	}
	run := c.in[c.at:end]
	switch {
	case hasPrefixFold(c.in[end:], "://"):
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

var dots = []byte("..")

// isDomain reports whether s is labels joined by dots, the last of two letters or
// more, as in cnb.cx or pic.twitter.com.
func isDomain(s []byte) bool {
	last := bytes.LastIndexByte(s, '.')
	if last < 1 || len(s)-last < 3 || s[0] == '.' || bytes.Contains(s, dots) {
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
func (c *Cleaner) mentionEnd() int {
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
func (c *Cleaner) cashtagEnd() int {
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
func (c *Cleaner) spaceFrom(at int) int {
	space := bytes.IndexFunc(c.in[at:], unicode.IsSpace)
	if space < 0 {
		return len(c.in)
	}
	return at + space
}

func (c *Cleaner) skipTo(end int) {
	c.at = end
	c.gap = true
	c.within = false
}

func (c *Cleaner) writeTo(end int) {
	if end == c.at {
		return
	}
	if c.gap && len(c.out) > 0 {
		c.out = append(c.out, ' ')
	}
	c.gap = false
	c.out = append(c.out, c.in[c.at:end]...)
	c.at = end
}

func (c *Cleaner) wordAt(i int) bool   { return i < len(c.in) && isWord(c.in[i]) }
func (c *Cleaner) letterAt(i int) bool { return i < len(c.in) && isLetter(c.in[i]) }

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }
func isWord(b byte) bool   { return isLetter(b) || '0' <= b && b <= '9' || b == '_' }
func isHost(b byte) bool   { return isLetter(b) || '0' <= b && b <= '9' || b == '.' || b == '-' }

// hasPrefixFold reports whether s begins with prefix, which is in small letters.
func hasPrefixFold(s []byte, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		b := s[i]
		if 'A' <= b && b <= 'Z' {
			b |= 0x20
		}
		if b != prefix[i] {
			return false
		}
	}
	return true
}
