// Package watchlist is the list of followed tickers: the default one, and how people
// write their own.
//
// A list is written as tickers between commas, spaces or line ends; what stands
// behind a # on a line is a comment. Parse names the line of what is no ticker and
// takes nothing of a list that has a mistake. It reads no file and keeps no state.
package watchlist

import (
	"bufio"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cashtag/schemas"
)

// Max bounds a list, and so the filters of the vendors that it becomes.
const Max = 1000

// maxBytes bounds what Parse reads: the longest list with room for its comments.
const maxBytes = 1 << 20

var errEmpty = errors.New("tickers: the list is empty: must be such as AAPL,MSFT")

// Default are 28 large companies that people talk of, in alphabetical order.
func Default() []string {
	return []string{
		"AAPL", "ADBE", "AMD", "AMZN", "BA", "BABA", "BAC", "BKNG", "CRM", "CSCO",
		"DIS", "GOOGL", "GS", "IBM", "INTC", "JPM", "META", "MSFT", "NFLX", "NVDA",
		"ORCL", "PYPL", "QCOM", "RTX", "SBUX", "TSLA", "UBER", "WMT",
	}
}

// Parse reads a list and returns it sorted, each ticker once. A ticker may be
// written with its $ and in lower case. The error is one line that names the line
// of the list, what stands there and what is allowed.
func Parse(list string) ([]string, error) {
	if len(list) > maxBytes {
		return nil, fmt.Errorf("tickers: %d bytes: must be at most %d", len(list), maxBytes)
	}
	var tickers []string
	lines := bufio.NewScanner(strings.NewReader(list))
	lines.Buffer(nil, maxBytes+1)
	for number := 1; lines.Scan(); number++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		for _, word := range strings.FieldsFunc(line, between) {
			ticker := strings.ToUpper(strings.TrimPrefix(word, "$"))
			if schemas.ValidTicker(ticker) != nil {
				return nil, fmt.Errorf("tickers: line %d: %q is no ticker: must be a letter and at most 14 letters, digits, dots or hyphens", number, shorten(word))
			}
			tickers = append(tickers, ticker)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("tickers: %w", err)
	}
	slices.Sort(tickers)
	tickers = slices.Compact(tickers)
	switch {
	case len(tickers) == 0:
		return nil, errEmpty
	case len(tickers) > Max:
		return nil, fmt.Errorf("tickers: the list has %d: must be at most %d", len(tickers), Max)
	}
	return tickers, nil
}

// between separates tickers. The byte order mark is what some editors begin a file
// with.
func between(r rune) bool {
	return r == ',' || r == ';' || r == ' ' || r == '\t' || r == '\r' || r == '\ufeff'
}

// shorten bounds what an error repeats.
func shorten(word string) string {
	const longest = 40
	if len(word) <= longest {
		return word
	}
	return strings.ToValidUTF8(word[:longest], "") + "..."
}
