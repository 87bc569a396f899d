package streams

import (
	"fmt"
	"strings"

	"cashtag/schemas"
)

// TickerToken turns a ticker into a subject token: BRK.B becomes BRK_B. No two
// tickers share a token, since a ticker never holds an underscore.
func TickerToken(ticker string) string { return strings.ReplaceAll(ticker, ".", "_") }

// TickerOf turns a subject token back into its ticker.
func TickerOf(token string) string { return strings.ReplaceAll(token, "_", ".") }

// Subject is where an event is published. It returns an error for data of a type
// that has no subject.
func Subject(event schemas.Event) (string, error) {
	switch data := event.Data.(type) {
	case *schemas.Tweet:
		if len(data.Tickers) == 0 {
			return "", fmt.Errorf("subject of event %s: a tweet without tickers has none", event.ID)
		}
		return "tweets." + data.Platform + "." + TickerToken(data.Tickers[0]), nil
	case *schemas.TweetDeleted:
		return "tweets." + data.Platform + "." + schemas.NoTicker, nil
	case *schemas.Quote:
		return "quotes." + data.Feed + "." + TickerToken(data.Ticker), nil
	case *schemas.Session:
		return "market." + data.MIC + ".session." + data.State, nil
	case *schemas.Symbol:
		return "market." + data.MIC + ".symbol." + TickerToken(data.Ticker), nil
	case *schemas.Clock:
		return "market." + data.MIC + ".clock", nil
	case *schemas.Log:
		return "logs." + data.Service + "." + data.Level, nil
	case *schemas.Counts:
		return "counts." + data.Source, nil
	case *schemas.Sentiment:
		return "sentiment." + data.Scorer + "." + TickerToken(data.Ticker), nil
	case *schemas.Feature:
		return "features." + data.Window + "." + TickerToken(data.Ticker), nil
	case *schemas.Prediction:
		return "predictions." + data.Model + "." + TickerToken(data.Ticker), nil
	case *schemas.Model:
		return "models." + data.Name, nil
	case *schemas.Alert:
		return "alerts." + data.Kind + "." + TickerToken(data.Ticker), nil
	case *schemas.Outcome:
		return "outcomes." + data.Model + "." + TickerToken(data.Ticker), nil
	case *schemas.Dead:
		return DeadSubject(data.Consumer, data.Subject), nil
	default:
		return "", fmt.Errorf("subject of event %s: type %q has none", event.ID, event.Type)
	}
}

// DeadSubject is where a message that consumer buried is kept.
func DeadSubject(consumer, original string) string { return "dead." + consumer + "." + original }

// RetrySubject is where a dead letter is requeued for the one consumer that
// buried it.
func RetrySubject(consumer, original string) string { return "retry." + consumer + "." + original }

// Original is the subject that a message was first published on: subject itself,
// or what stands behind retry.<consumer>. in it.
func Original(subject string) string {
	rest, ok := strings.CutPrefix(subject, "retry.")
	if !ok {
		return subject
	}
	_, original, _ := strings.Cut(rest, ".")
	return original
}

// Key is what order is kept by: the last token of the original subject, which is
// the ticker where a subject has one.
func Key(subject string) string {
	return subject[strings.LastIndexByte(subject, '.')+1:]
}
