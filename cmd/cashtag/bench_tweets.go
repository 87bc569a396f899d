//go:build !external

package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"cashtag/schemas"
)

const (
	benchTickers = 100
	// benchPairs is one in how many posts that names two tickers.
	benchPairs = 8
	// benchSpacing is the time between two posts.
	benchSpacing = 50 * time.Millisecond
)

// benchDay is when the first post was written.
var benchDay = time.Date(2024, 3, 1, 14, 30, 0, 0, time.UTC)

// benchPhrases make the posts: one opens, one goes on, one ends.
var benchPhrases = [3][]string{
	{
		"Guidance was better than anybody expected,", "Sold half of my position this morning,",
		"The chart looks terrible into the close,", "Nobody talks about the margins here,",
		"Strong volume on the breakout,", "Weak breadth, lousy follow through,",
		"Insiders keep buying every dip,", "Another great quarter from a boring company,",
	},
	{
		"and the street still has it at a sell", "so I am waiting for the gap to fill",
		"while the whole sector is getting crushed", "and the analysts love it now, a bad sign",
		"with the best management in the business", "but the options say something ugly is coming",
		"and I would not be surprised by a beautiful rally", "which is a disaster for the shorts &amp; their lenders",
	},
	{
		"via @marketwatch https://t.co/Zk3vQ8fTq1", "#stocks #trading", "- see http://bit.ly/2xTq9aB",
		"(not advice)", "RT @floortrader", "what do you think?",
	},
}

// benchTicker is one of the followed tickers.
func benchTicker(n int) string {
	n %= benchTickers
	return string([]byte{'A' + byte(n%26), 'K' + byte(n/26), 'A' + byte(n*7%26)})
}

// benchTweet is the n-th post, always the same one: about 620 bytes, like the
// posts of the recorded tape.
func benchTweet(n int) schemas.Event {
	chance := rand.New(rand.NewPCG(uint64(n), 1))
	first := chance.IntN(benchTickers)
	tickers := []string{benchTicker(first)}
	if chance.IntN(benchPairs) == 0 {
		tickers = append(tickers, benchTicker(first+1))
	}
	var text strings.Builder
	for _, ticker := range tickers {
		text.WriteString("$" + ticker + " ")
	}
	for i, phrases := range benchPhrases {
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(phrases[chance.IntN(len(phrases))])
	}
	at := benchDay.Add(time.Duration(n) * benchSpacing)
	id := fmt.Sprintf("%019d", 1763500000000000000+n)
	return schemas.New(schemas.DemoPrefix+schemas.TweetID(schemas.PlatformX, id), schemas.SourceDemoX, tickers[0], at, &schemas.Tweet{
		Platform:  schemas.PlatformX,
		PostID:    id,
		CreatedAt: at,
		Text:      text.String(),
		Lang:      "en",
		Tickers:   tickers,
		Cashtags:  tickers,
		Author: schemas.Author{
			ID:        strconv.Itoa(10_000_000 + chance.IntN(90_000_000)),
			Followers: chance.Int64N(100_000), Following: chance.Int64N(5_000), Posts: chance.Int64N(50_000),
			Verified: chance.IntN(20) == 0,
		},
		Reposts: chance.Int64N(50), Likes: chance.Int64N(200), Replies: chance.Int64N(20),
	})
}

// benchTweets is n posts from the first-th on.
func benchTweets(first, n int) []schemas.Event {
	events := make([]schemas.Event, n)
	for i := range events {
		events[i] = benchTweet(first + i)
	}
	return events
}
