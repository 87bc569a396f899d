package setting

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cashtag/schemas"
	"cashtag/streams/bucket"
	"cashtag/streams/ingest"
)

// MaxTickers bounds the followed list.
const MaxTickers = 1000

// MaxRetrain bounds the sessions between two trainings: about a year.
const MaxRetrain = 250

// The words of the setting promote.
const (
	PromoteNever  = "never"  // a person promotes
	PromoteBetter = "better" // what is better beyond its interval is promoted
)

// parseTickers makes one list of what was typed: upper case, sorted, each once.
func parseTickers(typed string) (string, error) {
	const want = "want a list of tickers such as AAPL,BRK.B"
	list := words(strings.ToUpper(typed))
	for i, ticker := range list {
		list[i] = strings.TrimPrefix(ticker, "$")
		if err := schemas.ValidTicker(list[i]); err != nil {
			return "", fmt.Errorf("%s: %w", want, err)
		}
	}
	list = sorted(list)
	if len(list) == 0 || len(list) > MaxTickers {
		return "", fmt.Errorf("%s: got %d: must be 1 to %d", want, len(list), MaxTickers)
	}
	return strings.Join(list, ","), nil
}

func parseHours(typed string) (string, error) {
	word := strings.ToLower(bucket.Plain(typed))
	switch word {
	case ingest.HoursSession, ingest.HoursExtended, ingest.HoursAlways:
		return word, nil
	}
	return "", fmt.Errorf("%q: must be %s, %s or %s",
		bucket.Shorten(typed), ingest.HoursSession, ingest.HoursExtended, ingest.HoursAlways)
}

func parsePromote(typed string) (string, error) {
	switch word := strings.ToLower(bucket.Plain(typed)); word {
	case PromoteNever, PromoteBetter:
		return word, nil
	}
	return "", fmt.Errorf("%q: must be %s or %s", bucket.Shorten(typed), PromoteNever, PromoteBetter)
}

// parseRetrain reads a number of sessions.
func parseRetrain(typed string) (string, error) {
	sessions, err := strconv.Atoi(bucket.Plain(typed))
	if err != nil || sessions < 1 || sessions > MaxRetrain {
		return "", fmt.Errorf("%q: must be a number of sessions, 1 to %d", bucket.Shorten(typed), MaxRetrain)
	}
	return strconv.Itoa(sessions), nil
}

// parseScorer makes one list of what was typed, in its order, each once.
func (c Config) parseScorer(typed string) (string, error) {
	var list []string
	for _, name := range words(strings.ToLower(typed)) {
		if !slices.Contains(c.Scorers, name) {
			return "", fmt.Errorf("scorer %q: must be a list of %s", bucket.Shorten(name), strings.Join(c.Scorers, ", "))
		}
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	if len(list) == 0 {
		return "", fmt.Errorf("scorer is empty: must be a list of %s", strings.Join(c.Scorers, ", "))
	}
	return strings.Join(list, ","), nil
}
