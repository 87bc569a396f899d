package xd

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"cashtag/schemas"
)

// query is a rule or a query of recent search that was understood.
type query func(*schemas.Tweet, []string) bool

var (
	errNoStandalone = errors.New("the query has only operators that cannot stand alone: lang: and is:retweet need a cashtag or a word beside them")
	errNotClosed    = errors.New("the query has a group that is not closed")
	errNegatedGroup = errors.New("the query negates a group: negate each of its parts")
)

var (
	queryTokens    = regexp.MustCompile(`\(|\)|"[^"]*"|[^\s()"]+`)
	cashtagToken   = regexp.MustCompile(`^\$[A-Z][A-Z0-9]*(\.[A-Z0-9]+)*$`)
	wordToken      = regexp.MustCompile(`^[\pL\pN_]+$`)
	languageTokens = regexp.MustCompile(`^lang:[a-z]{2,3}(-[A-Za-z]{2,4})?$`)
)

// parseQuery understands a query of at most limit characters.
func parseQuery(text string, limit int) (query, error) {
	if n := utf8.RuneCountInString(text); n > limit {
		return nil, fmt.Errorf("the query has %d characters: at most %d", n, limit)
	}
	p := &parser{tokens: queryTokens.FindAllString(text, -1)}
	if len(p.tokens) == 0 {
		return nil, errors.New("the query is empty")
	}
	matches, standalone, err := p.either()
	switch {
	case err != nil:
		return nil, err
	case len(p.tokens) > 0:
		return nil, fmt.Errorf("the query is not understood from %q on", p.tokens[0])
	case !standalone:
		return nil, errNoStandalone
	}
	return matches, nil
}

// parser reads tokens by recursive descent. A query is too short to recurse deep.
type parser struct{ tokens []string }

func (p *parser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

// either is what OR joins; standalone is whether each part could stand alone.
func (p *parser) either() (query, bool, error) {
	left, standalone, err := p.both()
	for err == nil && p.next() == "OR" {
		p.tokens = p.tokens[1:]
		var right query
		var alone bool
		first := left
		right, alone, err = p.both()
		left = func(t *schemas.Tweet, tags []string) bool { return first(t, tags) || right(t, tags) }
		standalone = standalone && alone
	}
	return left, standalone, err
}

// both is what stands side by side; it can stand alone where one part can.
func (p *parser) both() (query, bool, error) {
	left, standalone, err := p.part()
	for err == nil && p.next() != "" && p.next() != "OR" && p.next() != ")" {
		var right query
		var alone bool
		first := left
		right, alone, err = p.part()
		left = func(t *schemas.Tweet, tags []string) bool { return first(t, tags) && right(t, tags) }
		standalone = standalone || alone
	}
	return left, standalone, err
}

func (p *parser) part() (query, bool, error) {
	token := p.next()
	if token == "" {
		return nil, false, errors.New("the query ends where an operator is due")
	}
	p.tokens = p.tokens[1:]
	if token == "(" {
		matches, standalone, err := p.either()
		if err == nil && p.next() != ")" {
			err = errNotClosed
		}
		if err == nil {
			p.tokens = p.tokens[1:]
		}
		return matches, standalone, err
	}
	if token == "-" && p.next() == "(" {
		return nil, false, errNegatedGroup
	}
	positive, negated := strings.CutPrefix(token, "-")
	if !negated {
		positive = token
	}
	matches, standalone, err := operator(positive)
	if err != nil || !negated {
		return matches, standalone, err
	}
	return func(t *schemas.Tweet, tags []string) bool { return !matches(t, tags) }, false, nil
}

// operator understands one operator, and says whether it can stand alone.
func operator(token string) (query, bool, error) {
	switch {
	case cashtagToken.MatchString(strings.ToUpper(token)):
		tag := strings.ToUpper(token[1:])
		return func(_ *schemas.Tweet, tags []string) bool { return slices.Contains(tags, tag) }, true, nil
	case token == "is:retweet":
		return func(t *schemas.Tweet, _ []string) bool { return t.RepostOf != "" }, false, nil
	case languageTokens.MatchString(token):
		lang := strings.TrimPrefix(token, "lang:")
		return func(t *schemas.Tweet, _ []string) bool { return t.Lang == lang }, false, nil
	case len(token) > 2 && token[0] == '"':
		phrase := strings.ToLower(strings.Trim(token, `"`))
		return func(t *schemas.Tweet, _ []string) bool {
			return strings.Contains(strings.ToLower(t.Text), phrase)
		}, true, nil
	case token != "OR" && wordToken.MatchString(token):
		word := regexp.MustCompile(`(?i)(^|[^\pL\pN_])` + token + `($|[^\pL\pN_])`)
		return func(t *schemas.Tweet, _ []string) bool { return word.MatchString(t.Text) }, true, nil
	default:
		return nil, false, fmt.Errorf("the query has %q, which is no operator", token)
	}
}
