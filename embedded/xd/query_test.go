package xd_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cashtag/embedded/xd/xdtest"
)

// TestQueries asks recent search, which understands what rules do.
func TestQueries(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	english := post(1, "Buying $AAPL and cats", "en", "AAPL")
	french := post(2, "J'achète $MSFT", "fr", "MSFT", "AAPL") // AAPL is an entity that the text lacks
	retweet := tweak(post(3, "RT @a: $BRK.B", "en", "BRK-B"), func(t *tweet) { t.RepostOf = "1" })
	publish(t, server, english, french, retweet)
	for query, want := range map[string]string{
		"$AAPL":                                 "12",
		"$aapl":                                 "12",
		"$AAPL lang:en":                         "1",
		"($AAPL OR $BRK.B) lang:en -is:retweet": "1",
		"$AAPL OR $BRK.B is:retweet":            "123",
		"($AAPL OR $BRK.B) -lang:en":            "2",
		"cats":                                  "1",
		"cat":                                   "",
		`"and cats"`:                            "1",
		"achète -$AAPL":                         "",
		"$A":                                    "",
		"((($MSFT)))":                           "2",
		"lang:en":                               "error",
		"$AAPL OR lang:en":                      "error",
		"-is:retweet":                           "error",
		"-($AAPL OR $MSFT) cats":                "error",
		"($AAPL":                                "error",
		"$AAPL)":                                "error",
		"OR":                                    "error",
		"$AAPL OR":                              "error",
		"":                                      "error",
		"has:links $AAPL":                       "error",
		"$AAPL" + strings.Repeat(" OR $AAPL", 100): "error",
	} {
		t.Run(query[:min(len(query), 30)], func(t *testing.T) {
			t.Parallel()
			status, answer := ask(t, server, http.MethodGet, searchPath+"?query="+url.QueryEscape(query), "")
			got := ""
			if status != http.StatusOK {
				got = "error"
			}
			data, _ := answer["data"].([]any)
			for _, each := range data {
				for i, event := range []string{english.ID, french.ID, retweet.ID} {
					if event == "x:"+each.(map[string]any)["id"].(string) {
						got = string(rune('1'+i)) + got // newest first
					}
				}
			}
			if got != want {
				t.Errorf("got posts %q, want %q: %v", got, want, answer)
			}
		})
	}
}
