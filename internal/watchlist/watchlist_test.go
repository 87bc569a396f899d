package watchlist_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cashtag/internal/watchlist"
	"cashtag/schemas"
)

func TestDefault(t *testing.T) {
	t.Parallel()
	list := watchlist.Default()
	if len(list) != 28 {
		t.Errorf("got %d tickers, want 28", len(list))
	}
	parsed, err := watchlist.Parse(strings.Join(list, ","))
	if err != nil || !slices.Equal(parsed, list) {
		t.Errorf("got %v, %v, want the list as it is: sorted, valid, each once", parsed, err)
	}
	for _, today := range []string{"META", "RTX", "BKNG"} {
		if !slices.Contains(list, today) {
			t.Errorf("%s is missing", today)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	many := make([]string, watchlist.Max+1)
	for i := range many {
		many[i] = fmt.Sprintf("T%d", i)
	}
	tests := []struct{ name, list, want, err string }{
		{name: "a flag's value", list: "MSFT,AAPL", want: "AAPL MSFT"},
		{name: "one", list: "BRK.B", want: "BRK.B"},
		{name: "a file", list: "# mine\n\nAAPL  # the fruit\n$msft, tsla\r\nAAPL\n", want: "AAPL MSFT TSLA"},
		{name: "a file with a byte order mark", list: "\ufeffAAPL\n", want: "AAPL"},
		{name: "no ticker", list: "AAPL\nMSFT,A_B\n", err: `line 2: "A_B" is no ticker`},
		{name: "only a dollar", list: "AAPL $", err: `line 1: "$" is no ticker`},
		{name: "too long", list: strings.Repeat("A", 99), err: `line 1: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA..." is no ticker`},
		{name: "empty", list: " ,\n# nothing\n", err: "the list is empty"},
		{name: "many", list: strings.Join(many, "\n"), err: "the list has 1001: must be at most 1000"},
		{name: "far too much", list: strings.Repeat("#", 1<<20+1), err: "bytes: must be at most"},
		{name: "one line as long as may be", list: strings.Repeat("#", 1<<20), err: "the list is empty"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := watchlist.Parse(test.list)
			if joined := strings.Join(got, " "); joined != test.want {
				t.Errorf("got %q, want %q", joined, test.want)
			}
			if (err == nil) != (test.err == "") || err != nil && (!strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("got error %v, want one line with %q", err, test.err)
			}
		})
	}
}

// FuzzParse holds that what is accepted is a list of tickers, and parses to itself.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"AAPL,MSFT", "# c\n$brk.b;T\r\n", "A_B", "\ufeffX", "\x00", "ſ", "ß"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		got, err := watchlist.Parse(list)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("got error %q, want one line", err)
			}
			return
		}
		if !slices.IsSorted(got) || len(got) == 0 || len(got) > watchlist.Max {
			t.Fatalf("got %v, want it sorted and within bounds", got)
		}
		for _, ticker := range got {
			if err := schemas.ValidTicker(ticker); err != nil {
				t.Fatal(err)
			}
		}
		again, err := watchlist.Parse(strings.Join(got, ","))
		if err != nil || !slices.Equal(again, got) {
			t.Fatalf("got %v, %v again, want %v", again, err, got)
		}
	})
}
