package demo

import (
	"slices"
	"strconv"
	"strings"
)

// scene is what a phrase is filled in with.
type scene struct {
	dice  dice
	role  role
	price int // in ticks
	start int // price at the opening, in ticks
}

// fill replaces the placeholders of a phrase. It returns the text and the
// cashtags in it, each once, in their order, without the $.
func (s scene) fill(phrase string) (text string, tags []string) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(phrase, "{")
		out.WriteString(before)
		if !found {
			return out.String(), tags
		}
		var name string
		name, phrase, _ = strings.Cut(rest, "}")
		switch name {
		case "T":
			tags = s.tag(&out, tags, s.role.ticker)
		case "P":
			tags = s.tag(&out, tags, pick(s.dice, s.role.peers))
		default:
			out.WriteString(s.value(name))
		}
	}
}

// tag writes a cashtag, now and then in small letters as people do.
func (s scene) tag(out *strings.Builder, tags []string, ticker string) []string {
	written := ticker
	if s.dice.chance(60) {
		written = strings.ToLower(ticker)
	}
	out.WriteString("$" + written)
	if slices.Contains(tags, ticker) {
		return tags
	}
	return append(tags, ticker)
}

func (s scene) value(name string) string {
	switch name {
	case "px":
		return "$" + money(cents(s.price))
	case "move":
		return moved(s.start, s.price)
	case "lvl":
		return strconv.Itoa(level(s.price, s.dice.between(-1, 1)))
	case "tgt":
		return strconv.Itoa(level(s.price, s.dice.between(3, 8)))
	case "low":
		return strconv.Itoa(max(1, level(s.price, -s.dice.between(3, 8))))
	case "n":
		return strconv.Itoa(s.dice.between(2, 9))
	case "url":
		return s.link()
	default:
		return "{" + name + "}" // a test sees to it that there is none
	}
}

// link leads to the domain that is reserved for examples.
func (s scene) link() string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	path := make([]byte, 7)
	for i := range path {
		path[i] = digits[s.dice.below(len(digits))]
	}
	return "https://example.com/" + string(path)
}

// level is a round price in dollars, so many steps above or below.
func level(ticks, away int) int {
	whole := cents(ticks) / 100
	step := 1
	switch {
	case whole >= 200:
		step = 10
	case whole >= 50:
		step = 5
	}
	return whole/step*step + away*step
}

// moved says how far a price is from where it started.
func moved(start, price int) string {
	tenths := (price - start) * 1000 / start
	switch {
	case tenths > 0:
		return "up " + tenth(tenths) + "%"
	case tenths < 0:
		return "down " + tenth(-tenths) + "%"
	default:
		return "flat"
	}
}

func tenth(n int) string { return strconv.Itoa(n/10) + "." + strconv.Itoa(n%10) }

func money(cents int) string {
	rest := strconv.Itoa(cents % 100)
	if len(rest) == 1 {
		rest = "0" + rest
	}
	return strconv.Itoa(cents/100) + "." + rest
}
