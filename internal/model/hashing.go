package model

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Hasher turns a text into features without a vocabulary: every word, every pair
// of neighbours, the first four and the last three letters of a word, and what
// stands first and last, is a number below Size. Two that share a number are one
// feature; the larger the size, the fewer do.
//
// A word is a run of letters and digits, whatever their case, or one of the marks
// that change what a headline says: % ! ? : - ' $ + # and an ellipsis. A run of
// digits is one digit, since it matters that a number is there. The hash is
// 64-bit FNV-1a over characters, mixed at its end: a text has the same features on
// every machine.
type Hasher struct {
	// Bits is the logarithm of Size to base 2, from 8 to 24.
	Bits uint8
}

// Validate returns an error that names the field, its value and what is allowed.
func (h Hasher) Validate() error {
	if h.Bits < 8 || h.Bits > 24 {
		return fmt.Errorf("hash bits is %d: must be from 8 to 24", h.Bits)
	}
	return nil
}

// Size is how many features there are.
func (h Hasher) Size() int { return 1 << h.Bits }

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
	// What keeps the kinds of features apart.
	saltPrefix = 0x9ae16a3b2f90404f
	saltSuffix = 0xc949d7c7509e6557
	saltFirst  = 0xff51afd7ed558ccd
	saltLast   = 0xc4ceb9fe1a85ec53
	prefixSize = 4
	suffixSize = 3
)

// Features appends the features of a text, in the order of its words: as often as
// they are in it.
func (h Hasher) Features(to []uint32, text []byte) []uint32 {
	var w, previous token
	for at := 0; at < len(text); {
		at = w.read(text, at)
		if w.size == 0 {
			continue
		}
		to = append(to, h.slot(w.whole))
		if w.size > 1 {
			to = append(to, h.slot(w.prefix^saltPrefix))
		}
		if w.size > suffixSize {
			to = append(to, h.slot(w.suffix()^saltSuffix))
		}
		if previous.size == 0 {
			to = append(to, h.slot(w.whole^saltFirst))
		} else {
			to = append(to, h.slot(previous.whole*fnvPrime^w.whole))
		}
		previous = w
	}
	if previous.size > 0 {
		to = append(to, h.slot(previous.whole^saltLast))
	}
	return to
}

// slot takes the upper bits, which depend on all others once mixed.
func (h Hasher) slot(hash uint64) uint32 {
	hash ^= hash >> 32
	hash *= 0x9e3779b97f4a7c15
	return uint32(hash >> (64 - h.Bits))
}

// token is a word that was read.
type token struct {
	size   int    // in characters, 0 for no word
	whole  uint64 // hash of all characters
	prefix uint64 // of the first four
	last   [suffixSize]rune
}

func (t *token) suffix() uint64 {
	hash := uint64(fnvOffset)
	for _, r := range t.last {
		hash = (hash ^ uint64(r)) * fnvPrime
	}
	return hash
}

func (t *token) add(r rune) {
	t.whole = (t.whole ^ uint64(r)) * fnvPrime
	if t.size < prefixSize {
		t.prefix = t.whole
	}
	t.last[0], t.last[1], t.last[2] = t.last[1], t.last[2], r
	t.size++
}

// read takes the word that begins at a place, or what stands between words, and
// returns where it ends.
func (t *token) read(text []byte, at int) int {
	*t = token{whole: fnvOffset}
	for at < len(text) {
		b := text[at]
		switch kinds[b] {
		case kindWord:
			t.add(rune(lower[b]))
			at++
			continue
		case kindDigit:
			if t.size == 0 || t.last[suffixSize-1] != '0' {
				t.add('0')
			}
			at++
			continue
		case kindOther:
			r, size := utf8.DecodeRune(text[at:])
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				t.add(unicode.ToLower(r))
				at += size
				continue
			}
			if t.size == 0 {
				if mark := markOf(r); mark != 0 {
					t.add(mark)
				}
				at += size
			}
			return at
		}
		if t.size == 0 {
			return t.mark(text, at)
		}
		return at
	}
	return at
}

// mark takes one character of ASCII that is of no word, or a run of dots.
func (t *token) mark(text []byte, at int) int {
	if text[at] == '.' {
		end := at
		for end < len(text) && text[end] == '.' {
			end++
		}
		if end-at > 2 {
			t.add('…')
		}
		return end
	}
	if kinds[text[at]] == kindMark {
		t.add(rune(text[at]))
	}
	return at + 1
}

// markOf is the mark that a character beyond ASCII stands for, or 0.
func markOf(r rune) rune {
	switch r {
	case '…':
		return '…'
	case '’', '‘':
		return '\''
	case '–', '—':
		return '-'
	}
	return 0
}

const (
	kindNone  = iota
	kindWord  // a letter of ASCII
	kindDigit // of which a run is one
	kindMark  // a word of its own
	kindOther // a byte of a character beyond ASCII
)

// kinds and lower say of each byte what it is and its small letter.
var kinds, lower = func() (kind, small [256]byte) {
	for i := range 256 {
		b := byte(i)
		small[i] = b
		switch {
		case 'A' <= b && b <= 'Z':
			kind[i], small[i] = kindWord, b|0x20
		case 'a' <= b && b <= 'z':
			kind[i] = kindWord
		case '0' <= b && b <= '9':
			kind[i] = kindDigit
		case b >= utf8.RuneSelf:
			kind[i] = kindOther
		}
	}
	for _, b := range []byte("%!?:-'$+#") {
		kind[b] = kindMark
	}
	return kind, small
}()
