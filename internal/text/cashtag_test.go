package text_test

import (
	"slices"
	"testing"

	"cashtag/internal/text"
)

func TestCashtags(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"none":               {"nothing to see", []string{}},
		"price":              {"from $5 to $7", []string{}},
		"order and capitals": {"$msft over $AAPL, $MSFT again", []string{"MSFT", "AAPL"}},
		"stop of a sentence": {"sold $AAPL. Kept $T...", []string{"AAPL", "T"}},
		"class of a share":   {"$brk.b and $BRK-A-", []string{"BRK.B", "BRK-A"}},
		"run together":       {"$AAPL$GOOG", []string{"AAPL", "GOOG"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := text.Cashtags(test.text)
			if got == nil || !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
