package twitter

import (
	"strings"
)

// Bounds of X. A character of a rule is counted as a Unicode code point; tickers
// have one byte each.
const (
	maxRuleChars  = 1024 // of a rule of the stream
	maxQueryChars = 512  // of a query of recent search
	maxRules      = 1000 // of an app
)

// tagOf is how X writes a ticker's cashtag: it knows the dot between a share and
// its class, and no hyphen.
func tagOf(ticker string) string { return strings.ReplaceAll(ticker, "-", ".") }

// pack puts tickers into as few queries of at most limit characters as their order
// allows, such as ($AAPL OR $MSFT) lang:en -is:retweet.
func pack(c Config, tickers []string, limit int) []string {
	var suffix string
	if c.Lang != "" {
		suffix += " lang:" + c.Lang
	}
	if !c.Retweets {
		suffix += " -is:retweet"
	}
	var (
		queries []string
		query   strings.Builder
		seen    = make(map[string]bool, len(tickers))
	)
	closeQuery := func() {
		if query.Len() > 0 {
			queries = append(queries, query.String()+")"+suffix)
			query.Reset()
		}
	}
	for _, ticker := range tickers {
		tag := "$" + tagOf(ticker)
		if seen[tag] {
			continue
		}
		seen[tag] = true
		if query.Len()+len(" OR ")+len(tag)+len(")")+len(suffix) > limit {
			closeQuery()
		}
		if query.Len() == 0 {
			query.WriteString("(" + tag)
		} else {
			query.WriteString(" OR " + tag)
		}
	}
	closeQuery()
	return queries
}
